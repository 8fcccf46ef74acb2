// Whatever is wider than the page scrolls, by the keyboard, too. Where there is more of a formula, it fades (style.css).
// To ask for a width lays the page out, so all widths are read before anything is marked.
const BOXES = "span.math, div.math mjx-container, .pst-scrollable-table-container, pre, .output:not(:has(> .explorable))";

function mark(boxes) {
  const sizes = boxes.map((box) => ({
    more: box.scrollWidth - box.clientWidth,
    below: box.scrollHeight - box.clientHeight,
    scrollLeft: box.scrollLeft,
  }));
  boxes.forEach((box, k) => {
    const { more, below, scrollLeft } = sizes[k];
    const formula = box.matches(".math, .math *");
    if (formula) {
      box.classList.toggle("more-left", scrollLeft > 1);
      box.classList.toggle("more-right", scrollLeft < more - 1);
    }
    if (more > 1 || (!formula && below > 1)) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  });
}

// A box is marked as soon as it is laid out, when its width changes, and, laid out then or later, when the font of a
// rare sign has come. One far from the window is not laid out yet, and the observer waits for it. It tells of the outer
// boxes first, and of the inner ones when those are laid out anew: all are marked together, with the next frame.
const changed = new Set();
const sizes = new ResizeObserver((changes) => {
  if (!changed.size) {
    requestAnimationFrame(() => {
      mark([...changed]);
      changed.clear();
    });
  }
  for (const { target } of changes) changed.add(target);
});
document.fonts.ready.then(() => {
  const boxes = [...document.querySelectorAll(BOXES)];
  const measure = () => boxes.forEach((box) => {
    sizes.unobserve(box);
    sizes.observe(box);
  });
  for (const formula of document.querySelectorAll(".math, .math mjx-container"))
    formula.addEventListener("scroll", () => mark([formula]), { passive: true });
  document.fonts.addEventListener("loadingdone", measure);
  measure();
});
