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

// A formula is marked as soon as it is laid out, when its width changes, and, laid out then or later, when the font of a
// rare sign has come. One far from the window is not laid out yet, and the observer waits for it.
const sizes = new ResizeObserver((changes) => mark(changes.map(({ target }) => target)));
document.fonts.ready.then(() => {
  const formulas = [...document.querySelectorAll("span.math, div.math mjx-container, .pst-scrollable-table-container")];
  const measure = () => formulas.forEach((formula) => {
    sizes.unobserve(formula);
    sizes.observe(formula);
  });
  for (const formula of formulas) formula.addEventListener("scroll", () => mark([formula]), { passive: true });
  document.fonts.addEventListener("loadingdone", measure);
  measure();
});
