// A formula wider than the page scrolls inside itself; this lets the keyboard scroll it too.
addEventListener("load", () => {
  const mark = () => {
    for (const formula of document.querySelectorAll("mjx-container[display]")) {
      if (formula.scrollWidth > formula.clientWidth) formula.tabIndex = 0;
      else formula.removeAttribute("tabindex");
    }
  };
  // The page changes its size whenever the window does, and when MathJax has set the formulas.
  new ResizeObserver(mark).observe(document.querySelector("main"));
});
