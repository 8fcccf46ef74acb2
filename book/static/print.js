// On paper nothing is dark, nothing comes later and nothing can be opened: what is folded is printed open, save code
// that is hidden on the page and solutions, of which the reader prints those that are open.
const closed = [];
let theme;

addEventListener("beforeprint", () => {
  ({ theme } = document.documentElement.dataset);
  document.documentElement.dataset.theme = "light";
  for (const image of document.querySelectorAll("img[loading]")) image.loading = "eager";
  for (const fold of document.querySelectorAll("details:not([open], .hide, .solution)")) {
    fold.open = true;
    closed.push(fold);
  }
});
addEventListener("afterprint", () => {
  document.documentElement.dataset.theme = theme;
  for (const fold of closed.splice(0)) fold.open = false;
});
