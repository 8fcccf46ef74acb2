// What a screen reader says of the formulas, and what one copies, is MathML that nobody sees: a third of a page's
// elements. It waits as text (book/formulas.py) and is read, some formulas at a time, when the page is idle.
const later = window.requestIdleCallback ?? setTimeout;
const silent = [...document.querySelectorAll("mjx-assistive-mml")];
function giveVoice() {
  silent.splice(0, 20).forEach(read);
  if (silent.length) later(giveVoice);
}
function read(formula) {
  const text = formula.querySelector("noscript");
  if (text) text.outerHTML = text.textContent;
}
later(giveVoice);

// Copied text keeps its formulas, as TeX between dollars: what one sees of a formula is drawn, not written.
document.addEventListener("copy", (event) => {
  const selection = getSelection();
  if (selection.isCollapsed || !event.clipboardData) return;
  const copied = document.createElement("div");
  for (let number = 0; number < selection.rangeCount; number++) {
    const range = selection.getRangeAt(number);
    widen(range);
    copied.append(range.cloneContents());
  }
  copied.querySelectorAll("mjx-assistive-mml").forEach(read);
  const formulas = copied.querySelectorAll(".math");
  if (!formulas.length) return; // the browser does better by itself
  for (const formula of formulas) {
    const tex = formula.querySelector("annotation").textContent;
    formula.replaceWith(formula.localName === "div" ? `\n$$${tex}$$\n` : `$${tex}$`);
  }
  // As text the browser would only write what is laid out: for that moment it stands on the page, out of sight.
  copied.style.cssText = "position: fixed; left: -99999px; white-space: pre-wrap;";
  document.body.append(copied);
  event.clipboardData.setData("text/plain", copied.innerText);
  event.clipboardData.setData("text/html", copied.innerHTML);
  copied.remove();
  event.preventDefault();
});

// A formula is copied whole, or what is left of it would be no TeX.
function widen(range) {
  const formula = (node) => (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement).closest(".math");
  if (formula(range.startContainer)) range.setStartBefore(formula(range.startContainer));
  if (formula(range.endContainer)) range.setEndAfter(formula(range.endContainer));
}
