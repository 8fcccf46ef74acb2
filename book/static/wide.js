// A formula or a table wider than the page scrolls, by the keyboard, too. Where there is more of a formula, it fades
// (style.css). To ask for a width lays the page out, so all widths are read before anything is marked.
function mark(formulas) {
  const widths = formulas.map(({ scrollWidth, clientWidth, scrollLeft }) =>
    ({ more: scrollWidth - clientWidth, scrollLeft }));
  formulas.forEach((formula, k) => {
    const { more, scrollLeft } = widths[k];
    formula.classList.toggle("more-left", scrollLeft > 1);
    formula.classList.toggle("more-right", scrollLeft < more - 1);
    if (more > 1) formula.tabIndex = 0;
    else formula.removeAttribute("tabindex");
  });
}

// A formula is marked as soon as it is laid out, when its width changes, and when the font of a rare sign has come; one
// far from the window is not laid out yet, and to ask for its width would do so.
const sizes = new ResizeObserver((changes) => mark(changes.map(({ target }) => target)));
const isLaidOut = (formula) => formula.checkVisibility?.({ contentVisibilityAuto: true }) ?? true;
document.fonts.ready.then(() => {
  const formulas = [...document.querySelectorAll("span.math, div.math mjx-container, .pst-scrollable-table-container")];
  for (const formula of formulas) {
    sizes.observe(formula);
    formula.addEventListener("scroll", () => mark([formula]), { passive: true });
  }
  document.fonts.addEventListener("loadingdone", () => mark(formulas.filter(isLaidOut)));
});
