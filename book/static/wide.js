// A formula or a table wider than the page scrolls, by the keyboard, too. Where there is more of a formula, it fades
// (style.css).
function mark(formula) {
  const more = formula.scrollWidth - formula.clientWidth;
  formula.classList.toggle("more-left", formula.scrollLeft > 1);
  formula.classList.toggle("more-right", formula.scrollLeft < more - 1);
  if (more > 1) formula.tabIndex = 0;
  else formula.removeAttribute("tabindex");
}

// A formula is marked as soon as it is laid out and when its width changes: after its font has arrived.
const sizes = new ResizeObserver((changes) => changes.forEach(({ target }) => mark(target)));
document.fonts.ready.then(() => {
  for (const formula of document.querySelectorAll("span.math, div.math mjx-container, .pst-scrollable-table-container")) {
    sizes.observe(formula);
    formula.addEventListener("scroll", () => mark(formula), { passive: true });
  }
});
