// What explorables and laboratories have in common.

// The step whose place on a curve of `count` points is nearest to (x, y), where the curve passes within `reach`.
// Between two points it is the nearer of them that is meant; points that no line joins are met one by one.
function nearestPoint(pointOf, count, x, y, reach, joined = true) {
  let best = reach * reach, found = null, [x0, y0] = count ? pointOf(0) : [];
  for (let k = 0; k < count; k++) {
    const [x1, y1] = pointOf(k), dx = x1 - x0, dy = y1 - y0, long = dx * dx + dy * dy;
    const share = joined && long ? Math.max(0, Math.min(1, ((x - x0) * dx + (y - y0) * dy) / long)) : 1;
    const far = (x0 + share * dx - x) ** 2 + (y0 + share * dy - y) ** 2;
    if (far < best) [best, found] = [far, { point: share < 0.5 ? k - 1 : k, far }];
    [x0, y0] = [x1, y1];
  }
  return found;
}

// Find a place for each name beside the end of its curve: to the right, or to the left where there is no room, and so
// far up or down that it covers no other, and nothing that is `taken`. An end is { x, y, wide } and, where it was shifted
// before, { shift }: a name that jumps about cannot be read. x and y are those of the base line, `gap` what must be left
// free above and below it; null where there is no place within `reach`.
function placeNames(ends, taken, width, height, reach = 92, gap = 16) {
  const clamp = (v, low, high) => Math.max(low, Math.min(high, v)), placed = [...taken];
  const shifts = Array.from({ length: reach / 4 + 1 }, (_, k) => (k % 2 ? -1 : 1) * Math.ceil(k / 2) * 8);
  return ends.map(({ x: endX, y: endY, wide, shift = 0 }) => {
    const right = endX + 14 + wide < width - 4;
    const x = clamp(right ? endX + 14 : endX - 14 - wide, 6, width - wide - 6);
    const at = (shift) => clamp(endY + 4 + shift, 16, height - 24);
    const free = (shift) => !placed.some((other) =>
      x < other.x + other.wide + 6 && other.x < x + wide + 6 && Math.abs(at(shift) - other.y) < (other.gap ?? gap));
    const found = [shift, ...shifts].find(free);
    if (found === undefined) return null;
    placed.push({ x, y: at(found), wide });
    return { x, y: at(found), wide, right, shift: found };
  });
}

// The setting of a figure in the address, after the hash: #name&what=word. `say` returns the setting as an object of
// words, `take` sets what such an object says. Moves take the place of each other; a jump can be undone by Back.
function keepInAddress(figure, say, take) {
  const own = figure.id || figure.dataset.name, link = figure.querySelector(".link");
  const note = (how = "replaceState") => {
    const setting = Object.entries(say()).map((pair) => pair.map(encodeURIComponent).join("="));
    try {
      history[how](null, "", `#${[own, ...setting].join("&")}`);
    } catch {}  // a page inside another may have no address
  };
  const read = () => {
    let parts;
    try {
      parts = location.hash.slice(1).split("&").map(decodeURIComponent);
    } catch {
      return;  // an address that somebody has typed
    }
    const [name, ...setting] = parts;
    if (name === own && setting.length) take(Object.fromEntries(setting.map((pair) => pair.split("="))));
  };
  addEventListener("popstate", read);
  link.addEventListener("click", async () => {
    note();
    try {
      await navigator.clipboard.writeText(location.href);
      link.textContent = "Copied";
    } catch {
      link.textContent = "See the address";
    }
    setTimeout(() => { link.textContent = "Copy link"; }, 1500);
  });
  const jump = (change) => {
    note();
    change();
    note("pushState");
  };
  return { note, read, jump };
}
