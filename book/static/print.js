// On paper nothing can be opened: what is folded is printed open, save code that is hidden on the page and solutions,
// of which the reader prints those that are open.
const closed = [];
addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("details:not([open], .hide, .solution)")) {
    fold.open = true;
    closed.push(fold);
  }
});
addEventListener("afterprint", () => {
  for (const fold of closed.splice(0)) fold.open = false;
});
