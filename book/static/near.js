// The scripts of a figure, and the tables they read, come when the figure comes near; see book/figures.py.
const near = new IntersectionObserver(
  (figures) => {
    for (const { target, isIntersecting } of figures) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      const script = document.createElement("script");
      script.src = target.dataset.near;
      target.append(script);
    }
  },
  { rootMargin: "100% 0px" }, // a screen ahead
);
for (const figure of document.querySelectorAll("[data-near]")) near.observe(figure);

// The file calls this: its scripts run as if they had stood in the figure from the beginning.
function comeNear(script, scripts) {
  for (const [attributes, text] of scripts) {
    const own = document.createElement("script");
    for (const [name, value] of Object.entries(attributes)) own.setAttribute(name, value);
    own.textContent = text;
    script.before(own);
  }
  script.remove();
}
