// The tables of a figure, and the script that reads them, come when the figure comes near; see book/figures.py.
const near = new IntersectionObserver(
  (figures) => {
    for (const { target, isIntersecting } of figures) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      for (const address of target.dataset.near.split(" ")) {
        const script = document.createElement("script");
        script.src = address;
        script.async = false; // one after the other: the tables, then what reads them
        target.append(script);
      }
    }
  },
  { rootMargin: "100% 0px" }, // a screen ahead
);
for (const figure of document.querySelectorAll("[data-near]")) near.observe(figure);

// The file with the tables calls this: they stand in the figure as in a notebook.
function comeNear(script, tables) {
  for (const [attributes, text] of tables) {
    const own = document.createElement("script");
    for (const [name, value] of Object.entries(attributes)) own.setAttribute(name, value);
    own.textContent = text;
    script.before(own);
  }
  script.remove();
}
