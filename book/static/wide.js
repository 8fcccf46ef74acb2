// A formula or a table wider than the page scrolls, by the keyboard, too. Where there is more of a formula, it fades
// (style.css).
function mark(formula) {
  const more = formula.scrollWidth - formula.clientWidth;
  formula.classList.toggle("more-left", formula.scrollLeft > 1);
  formula.classList.toggle("more-right", formula.scrollLeft < more - 1);
  if (more > 1) formula.tabIndex = 0;
  else formula.removeAttribute("tabindex");
}

// A formula is marked as soon as it is laid out, when its width changes, and when the font of a rare sign has come.
const sizes = new ResizeObserver((changes) => changes.forEach(({ target }) => mark(target)));
document.fonts.ready.then(() => {
  const formulas = document.querySelectorAll("span.math, div.math mjx-container, .pst-scrollable-table-container");
  for (const formula of formulas) {
    sizes.observe(formula);
    formula.addEventListener("scroll", () => mark(formula), { passive: true });
  }
  document.fonts.addEventListener("loadingdone", () => formulas.forEach(mark));
});
