// Looks through the passages of the book (passages.js, written by book/search.py) for what the address asks for.
(() => {
  const results = document.getElementById("search-results");
  if (!results) return;

  const GREEK = { alpha: "α", beta: "β", delta: "δ", epsilon: "ε", eps: "ε", eta: "η", theta: "θ", kappa: "κ",
    lambda: "λ", lam: "λ", mu: "μ", xi: "ξ", rho: "ρ", sigma: "σ", tau: "τ", phi: "φ", zeta: "ζ", nabla: "∇" };
  const WORD = /[\p{L}\p{M}\p{N}∇]+(?:[-_‐][\p{L}\p{M}\p{N}]+)*/gu;
  const SHOWN = 40;

  const stemmer = new Stemmer();
  const stems = new Map();
  const common = new Set(stopwords);

  // One form for ε, ϵ, "eps" and "epsilon", for β₂, "beta2" and "beta_2", for "warm-up" and "warmup".
  function form(word) {
    if (!stems.has(word)) {
      const simple = word.normalize("NFKD").replace(/\p{M}|[-_‐]/gu, "").normalize("NFKC").toLowerCase();
      const sign = simple.replace(/^[a-z]+(?=\d*$)/, (name) => GREEK[name] ?? name);
      stems.set(word, sign === simple ? stemmer.stemWord(simple) : sign);
    }
    return stems.get(word);
  }

  // The words of a text, each with its forms and where it stands; a word with a hyphen is also its parts.
  const read = (text) => [...text.matchAll(WORD)].map(({ 0: word, index }) => ({
    forms: [...new Set([word, ...word.split(/[-_‐]/)])].map(form), index, end: index + word.length,
  }));

  const meets = (word, term) => word.forms.some((own) => own === term || (term.length > 2 && own.startsWith(term)));

  // How well a passage answers: every word must occur in it, and those in its heading or side by side count most. A
  // chapter goes by the name of its file, too, which for "Stochastic gradient descent" is sgd.
  function rate([address, chapter, heading, text, weight], terms) {
    const file = address.match(/([^/]*)\.html/)[1];
    const [body, head, above] = [text, heading, `${chapter} ${file}`].map(read);
    const named = heading === chapter ? above : head;
    const hits = body.filter((word) => terms.some((term) => meets(word, term)));
    const within = (words) => terms.filter((term) => words.some((word) => meets(word, term))).length / terms.length;
    const inHead = within(named);
    const everywhere = [...hits, ...head, ...above];
    if (!terms.every((term) => everywhere.some((word) => meets(word, term)))) return null;
    if (!hits.length && !inHead) return null;
    const together = (words) => words.filter((_, i) =>
      terms.every((term, k) => words[i + k] && meets(words[i + k], term))).length;
    const score = 20 * inHead + (10 * inHead * terms.length) / Math.max(head.length, 1) + 6 * within(above) +
      (terms.length > 1 ? 12 * together(head) + 4 * Math.min(together(body), 4) : 0) +
      3 * Math.log2(1 + hits.length) + weight;
    return { address, chapter, heading, text, hits, score };
  }

  // The part of a text with the most hits, the hits marked.
  function excerpt(text, hits) {
    const around = document.createElement("p");
    const within = (start) => hits.filter((hit) => hit.index >= start && hit.end <= start + 160).length;
    const starts = hits.map((hit) => hit.index);
    const best = starts.reduce((a, b) => (within(b) > within(a) ? b : a), starts[0] ?? 0);
    const from = Math.max(0, text.lastIndexOf(" ", Math.max(0, best - 50)));
    const last = text.indexOf(" ", from + 230);
    const to = last < 0 ? text.length : last;
    let at = from;
    if (from) around.append("… ");
    for (const { index, end } of hits.filter((hit) => hit.index >= from && hit.end <= to)) {
      const mark = document.createElement("mark");
      mark.textContent = text.slice(index, end);
      around.append(text.slice(at, index), mark);
      at = end;
    }
    around.append(text.slice(at, to), to < text.length ? " …" : "");
    return around;
  }

  function show({ address, chapter, heading, text, hits }) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = address;
    link.textContent = heading;
    item.append(link);
    if (heading !== chapter) item.append(` in ${chapter}`);
    item.append(excerpt(text, hits));
    return item;
  }

  const query = new URLSearchParams(location.search).get("q")?.trim() ?? "";
  for (const field of document.querySelectorAll("input[name=q]")) field.value = query;
  if (!query) return;
  const asked = query.match(WORD) ?? [], all = read(query).map(({ forms }) => forms[0]);
  const telling = all.filter((_, k) => !common.has(asked[k].toLowerCase()));
  const terms = telling.length ? telling : all;
  const found = terms.length ? passages.map((passage) => rate(passage, terms)).filter(Boolean) : [];
  found.sort((a, b) => b.score - a.score);
  results.append(...found.slice(0, SHOWN).map(show));
  let said = found.length === 1 ? "1 passage" : `${found.length} passages`;
  if (!found.length) said = `Nothing in this book has all of: ${query}`;
  else if (found.length > SHOWN) said = `The best ${SHOWN} of ${said}`;
  document.getElementById("search-status").textContent = said;
})();
