// The laboratory: the reader moves the starting point and the settings, and the paths are computed here, while they
// move. Rules and losses are scripts that optim.trace made from the Python code; this file runs and draws them.

// ---- Computing: what optim.run.minimize does, for one setting.

function compile(spec) {
  const methods = spec.methods.map((m) => ({ ...m, update: new Function("t", "h", "x", "g", "s", m.script) }));
  const losses = spec.losses.map((l) => ({
    ...l, at: new Function("x", l.value), slope: new Function("x", "g", l.gradient),
  }));
  return { methods, losses };
}

// Return the path, the loss along it, what is remembered, and the last step at which all was finite.
function run(loss, method, hypers, start, steps) {
  const x = Float64Array.from(start), g = new Float64Array(2), s = Float64Array.from(method.before);
  const result = {
    x: new Float64Array(2 * steps + 2), loss: new Float64Array(steps + 1),
    s: new Float64Array((steps + 1) * s.length), last: steps,
  };
  for (let t = 0; t <= steps; t++) {
    if (t > 0) {
      loss.slope(x, g);
      method.update(t, hypers, x, g, s);
    }
    const value = loss.at(x);
    if (!(isFinite(value) && isFinite(g[0]) && isFinite(g[1]) && isFinite(x[0]) && isFinite(x[1]))) {
      result.last = t - 1;
      break;
    }
    result.x.set(x, 2 * t);
    result.loss[t] = value;
    result.s.set(s, t * s.length);
  }
  return result;
}

// ---- Words and scales.

function words(value, digits = 3) {
  if (value === 0) return "0";
  const [mantissa, power] = value.toExponential(digits - 1).split("e").map(Number);
  const text = power < -3 || power > 5 ? `${mantissa}e${power}` : String(Number(value.toPrecision(digits)));
  return text.replaceAll("-", "−");
}
const lossWords = (value) => (value > 1e6 ? "> 1e6" : value >= 0 && value < 1e-12 ? "< 1e−12" : words(value));
const lossIs = (value) => `L ${/^[<>]/.test(lossWords(value)) ? "" : "= "}${lossWords(value)}`;
const twoDigits = (value) => Number(value.toPrecision(2));

// A scale says where on its slider, 0 to 1, a hyperparameter stands; `stops` are where the arrow keys halt.
const scales = {
  rate: ({ low, high }) => ({
    place: (v) => Math.log(v / low) / Math.log(high / low),
    value: (p) => twoDigits(low * (high / low) ** p),
    get stops() {
      return decades(low, high, [10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 25, 28, 30, 35, 40, 45, 50, 55, 60, 70, 80, 90]);
    },
  }),
  memory: () => ({
    place: (v) => -Math.log10(1 - v) / 4,
    value: (p) => {
      const famous = [0, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999].find((v) => Math.abs(-Math.log10(1 - v) / 4 - p) < 0.012);
      return famous ?? Number((1 - twoDigits(10 ** (-4 * p))).toFixed(5));
    },
    stops: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 0.992, 0.994,
      0.995, 0.996, 0.997, 0.998, 0.999, 0.9995, 0.9999],
  }),
  number: ({ low, high }) => ({
    place: (v) => (v - low) / (high - low),
    value: (p) => twoDigits(low + p * (high - low)),
    stops: Array.from({ length: 41 }, (_, k) => twoDigits(low + (k / 40) * (high - low))),
  }),
};

function decades(low, high, mantissas) {
  const stops = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high) + 1e-9; power++) {
    for (const m of mantissas) stops.push(Number(`${m}e${power - 1}`));
  }
  return stops.filter((v) => v >= low * 0.999 && v <= high * 1.001);
}

function ticks(low, high, about) {
  const rough = (high - low) / about, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((m) => m * power >= rough) * power;
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) found.push(Number((k * step).toPrecision(12)));
  return found;
}

// ---- Drawing.

const MARKERS = {
  o: (c, r) => c.arc(0, 0, r, 0, 7),
  s: (c, r) => c.rect(-0.85 * r, -0.85 * r, 1.7 * r, 1.7 * r),
  "^": (c, r) => polygon(c, 3, 1.25 * r, -0.25),
  D: (c, r) => polygon(c, 4, 1.25 * r, 0),
  v: (c, r) => polygon(c, 3, 1.25 * r, 0.25),
  P: (c, r) => polygon(c, 5, 1.2 * r, -0.25),
  h: (c, r) => polygon(c, 6, 1.15 * r, 0),
};

function polygon(context, corners, radius, turn) {
  for (let k = 0; k < corners; k++) {
    const angle = 2 * Math.PI * (turn + k / corners);
    context[k ? "lineTo" : "moveTo"](radius * Math.cos(angle), radius * Math.sin(angle));
  }
  context.closePath();
}

function star(context, x, y, radius) {
  context.beginPath();
  for (let k = 0; k < 10; k++) {
    const angle = Math.PI * (k / 5 - 0.5), r = k % 2 ? 0.45 * radius : radius;
    context[k ? "lineTo" : "moveTo"](x + r * Math.cos(angle), y + r * Math.sin(angle));
  }
  context.closePath();
}

function rgb(color) {
  return [1, 3, 5].map((k) => parseInt(color.trim().slice(k, k + 2), 16));
}

// A colour as the one number that a pixel is in a picture's memory.
function pixel(color) {
  return new Uint32Array(Uint8ClampedArray.of(...color, 255).buffer)[0];
}

// The landscape in bands of equal area, bluer where it is lower, with a line between two bands. It yields whenever
// it has worked for SLICE milliseconds, and when it is done.
const SLICE = 8;
function* paintGround(canvas, loss, view, ratio, colors) {
  let until = performance.now() + SLICE;
  const { width, height } = view;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const { width: w, height: h } = canvas, bands = 14;
  const at = (i, j) => {
    point[0] = view.x0 + ((i + 0.5) / w) * view.wide;
    point[1] = view.y1 - ((j + 0.5) / h) * view.high;
    return loss.at(point);
  };
  const point = new Float64Array(2), sample = [];
  for (let j = 0; j < h; j += 8) for (let i = 0; i < w; i += 8) sample.push(at(i, j));
  sample.sort((a, b) => a - b);
  const levels = Array.from({ length: bands - 1 }, (_, k) => sample[Math.floor(((k + 1) / bands) * sample.length)]);
  const [low, high, line] = [colors.low, colors.high, colors.line].map(rgb);
  const shades = Array.from({ length: bands }, (_, k) => low.map((c, n) => c + ((high[n] - c) * k) / (bands - 1)));
  const inside = shades.map(pixel), edge = shades.map((shade) => pixel(shade.map((c, n) => (c + line[n]) / 2)));
  const context = canvas.getContext("2d"), image = context.createImageData(w, h), above = new Uint8Array(w);
  const pixels = new Uint32Array(image.data.buffer);
  for (let j = 0, p = 0; j < h; j++) {
    for (let i = 0, left = 0; i < w; i++, p++) {
      const value = at(i, j);
      let band = left;  // mostly the same as beside it
      while (band < bands - 1 && !(value < levels[band])) band++;
      while (band > 0 && value < levels[band - 1]) band--;
      const other = (i && band !== left) || (j && band !== above[i]);
      pixels[p] = (other ? edge : inside)[band];
      left = above[i] = band;
    }
    if (performance.now() > until) {
      yield;
      until = performance.now() + SLICE;
    }
  }
  context.putImageData(image, 0, 0);
  yield;
}

// ---- The figure.

function laboratory(root, spec, model = null) {
  const { methods, losses } = compile(spec);
  const scaleOf = (l, m, k) => scales[spec.methods[m].hypers[k].scale](losses[l].ranges[m][k]);
  const fresh = () => ({
    landscape: 0, steps: losses[0].steps, at: losses[0].steps, playing: false, hover: null,
    start: losses.map((l) => [...l.start]), shown: methods.map((m) => m.on),
    hypers: losses.map((l) => l.settings.map((values) => Float64Array.from(values))),
  });
  let state = fresh(), runs = [], colors = {}, queued = false, focus = null;
  const shifted = methods.map(() => 0);

  const link = `<button type="button" class="link">Copy link</button>`;
  if (!model) root.querySelector("figcaption").insertAdjacentHTML("afterbegin", link);
  root.insertAdjacentHTML("beforeend", markup(spec));
  const find = (selector) => root.querySelector(selector), all = (selector) => [...root.querySelectorAll(selector)];
  const [land, curves] = all("canvas"), handle = find(".start"), scrub = find(".scrub"), play = find(".play");
  const ground = document.createElement("canvas");
  let boxes = [], view, scale, places = [], stale = true, painting = null, waiting = [], groundKey = "";

  const loss = () => losses[state.landscape];
  const hypers = (m) => state.hypers[state.landscape][m];
  const start = () => state.start[state.landscape];

  // What moves is computed at once and drawn with the next frame.
  function compute() {
    runs = methods.map((m, k) => (state.shown[k] ? run(loss(), m, hypers(k), start(), state.steps) : null));
    stale = true;
    redraw();
    tell();
  }
  function redraw() {
    if (!queued) requestAnimationFrame(() => { queued = false; draw(); });
    queued = true;
  }

  // -- The two panels.

  function prepare(canvas, width, height) {
    const ratio = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.font = "12px system-ui, sans-serif";
    context.lineJoin = context.lineCap = "round";
    return context;
  }

  // The frame of the loss with equal axes, widened to the shape of the panel.
  function fit({ frame: [[x0, x1], [y0, y1]] }, width, height) {
    const unit = Math.max((x1 - x0) / width, (y1 - y0) / height), wide = unit * width, high = unit * height;
    return { x0: (x0 + x1 - wide) / 2, y1: (y0 + y1 + high) / 2, wide, high, unit };
  }
  const across = (x) => (x - view.x0) / view.unit, down = (y) => (view.y1 - y) / view.unit;
  const toPixel = (x, y) => [across(x), down(y)];
  const keep = (v) => Math.max(-1e5, Math.min(1e5, v));

  // A new landscape comes over several frames, so that a phone can listen in between: its ground, slice by slice, its
  // paths, its curves.
  function draw() {
    if (!boxes[0]?.width) return;
    if (stale) arrange();
    if (newGround()) waiting = [drawLandscape, drawCurves];
    const painted = painting.next().done;
    if (painted && waiting.length) {
      waiting.shift()();
    } else if (painted) {
      drawLandscape();
      drawCurves();
    }
    if (!painted || waiting.length) redraw();
    placeHandle();
    writeRows();
  }

  // Say where everything stands in its panel, which changes with the runs and with the size of the figure only.
  function arrange() {
    const [landBox, curvesBox] = boxes;
    view = { ...landBox, ...fit(loss(), landBox.width, landBox.height) };
    scale = { ...curvesBox, ...scaleOfCurves(curvesBox.width, curvesBox.height) };
    places = runs.map((r) => r && {
      land: pixels(r, (k) => across(r.x[2 * k]), (k) => down(r.x[2 * k + 1])),
      curves: pixels(r, scale.x, (k) => scale.y(r.loss[k])),
    });
    stale = false;
    waiting = [];
  }

  function pixels({ last }, x, y) {
    const points = new Float64Array(2 * last + 2);
    for (let k = 0; k <= last; k++) {
      points[2 * k] = keep(x(k));
      points[2 * k + 1] = keep(y(k));
    }
    return points;
  }

  // Begin to paint the landscape if this one is not there yet, and say whether that was so.
  function newGround() {
    const { width, height } = view, ratio = window.devicePixelRatio || 1;
    const key = [state.landscape, width, height, ratio, colors.low].join();
    if (key === groundKey) return false;
    painting = paintGround(ground, loss(), view, Math.min(ratio, 2), colors);
    groundKey = key;
    return true;
  }

  function drawLandscape() {
    const { width, height } = view, context = prepare(land, width, height);
    context.drawImage(ground, 0, 0, width, height);
    context.fillStyle = colors.soft;
    for (const v of ticks(view.x0, view.x0 + view.wide, width / 80)) {
      const x = across(v);
      if (x > 34 && x < width - 30) label(context, words(v), x, height - 7, "center");
    }
    for (const v of ticks(view.y1 - view.high, view.y1, height / 60)) {
      const y = down(v);
      if (y > 24 && y < height - 22) label(context, words(v), 5, y + 4, "left");
    }
    label(context, "θ₁", width - 6, height - 7, "right");
    label(context, "θ₂", 5, 16, "left");
    const ends = drawRuns(context, "land", 22, leaves), taken = [];
    for (const minimum of loss().minima) {
      const [x, y] = toPixel(...minimum), wide = context.measureText("minimum").width;
      taken.push({ x: x - wide / 2, y: y + 24, wide });
      star(context, x, y, 9);
      context.lineWidth = 3;
      context.strokeStyle = colors.halo;
      context.stroke();
      context.fillStyle = colors.ink;
      context.fill();
    }
    nameEnds(context, ends, taken, width, height);
    context.font = "12px system-ui, sans-serif";
    context.fillStyle = colors.ink;
    for (const { x, y } of taken) label(context, "minimum", x, y, "left");
  }

  function placeHandle() {
    const [x, y] = toPixel(...start());
    handle.style.transform = `translate(${x}px, ${y}px)`;
    const said = `Starting point ${words(start()[0])}, ${words(start()[1])}. Arrow keys move it.`;
    if (handle.getAttribute("aria-label") !== said) handle.setAttribute("aria-label", said);
  }

  // The step after which a path stays far outside for good: it is drawn up to there, in the direction in which it left.
  function leaves(r) {
    let k = r.last;
    const far = (v, low, size) => v < low - size || v > low + 2 * size;
    while (k > 0 && (far(r.x[2 * k], view.x0, view.wide) || far(r.x[2 * k + 1], view.y1 - view.high, view.high))) k--;
    return Math.min(k + 1, r.last);
  }

  // The axes of the curves: where a step and a loss stand, and what the two ends are, powers of ten where `log`.
  function scaleOfCurves(width, height) {
    const point = new Float64Array(2);
    const floor = Math.min(...loss().minima.map((m) => (point.set(m), loss().at(point))));  // Infinity if none is known
    const log = isFinite(floor), above = (v) => (log ? Math.max(v - floor, 1e-300) : v);
    let low = Infinity, high = -Infinity;
    for (const r of runs) {
      const most = r && 1e3 * above(r.loss[0]);
      for (let k = 0; r && k <= r.last; k++) {
        const value = above(r.loss[k]);
        low = Math.min(low, value);
        high = Math.max(high, Math.min(value, most));
      }
    }
    if (!isFinite(low)) [low, high] = [0.1, 1];
    let up;
    if (log) {
      const [bottom, top] = [Math.floor(Math.max(Math.log10(low), -12)), Math.ceil(Math.log10(high) + 0.1)];
      up = (v) => (top - Math.log10(above(v))) / Math.max(top - bottom, 1);
      low = bottom, high = top;
    } else {
      up = (v) => (high - v) / (high - low || 1);
    }
    const [left, top, w, h] = [46, 24, width - 58, height - 46];
    return { low, high, log, floor, top, h, x: (k) => left + (k / state.steps) * w, y: (v) => top + keep(up(v)) * h };
  }

  function drawCurves() {
    const { width, height, low, high, log, floor, top, h } = scale, context = prepare(curves, width, height);
    context.fillStyle = colors.high;
    context.fillRect(0, 0, width, height);
    for (const v of ticks(low, high, Math.max(2, h / 45))) {
      if (log && !Number.isInteger(v)) continue;
      const y = Math.round(top + ((high - v) / (high - low || 1)) * h) + 0.5;
      context.lineWidth = 1;
      context.strokeStyle = colors.grid;
      context.beginPath();
      context.moveTo(0, y);
      context.lineTo(width, y);
      context.stroke();
      context.fillStyle = colors.soft;
      label(context, log ? (v < -3 || v > 4 ? `1e${v}`.replace("-", "−") : String(10 ** v)) : words(v), 5, y - 3, "left");
    }
    context.fillStyle = colors.soft;
    for (const k of ticks(0, state.steps, width / 75)) {
      if (k && scale.x(k) < width - 14) label(context, String(k), scale.x(k), height - 6, "center");
    }
    label(context, log && floor ? "loss L − min L" : "loss L", width - 6, 15, "right");
    label(context, "step", 8, height - 6, "left");
    if (state.at < state.steps) {
      context.lineWidth = 1;
      context.strokeStyle = colors.soft;
      context.setLineDash([2, 3]);
      context.beginPath();
      context.moveTo(scale.x(state.at), top - 4);
      context.lineTo(scale.x(state.at), top + h);
      context.stroke();
      context.setLineDash([]);
    }
    context.save();
    context.beginPath();
    context.rect(0, 0, width, top + h + 6);
    context.clip();
    drawRuns(context, "curves", 34, (r) => r.last);
    context.restore();
  }

  // Draw every run as a pale line, and up to the present step a full one with a halo and the method's marker now and
  // then, always at a step. Return where they end.
  function drawRuns(context, panel, apart, lastOf) {
    const ends = [];
    const visible = runs.map((r, m) => ({ r, m })).filter(({ r }) => r);
    visible.sort((a, b) => (a.m === focus) - (b.m === focus));
    for (const { r, m } of visible) {
      const points = places[m][panel], color = colors.methods[m], last = lastOf(r), to = Math.min(state.at, last);
      const dim = focus !== null && focus !== m ? 0.25 : 1;
      if (to < last) stroke(context, points, to, last, color, 1.5, 0.3 * dim);
      stroke(context, points, 0, to, colors.halo, 4.5, 0.8 * dim);
      stroke(context, points, 0, to, color, 2, dim);
      context.globalAlpha = dim;
      const marked = new Set();  // a path that goes to and fro has one marker in a place
      let gone = apart * (0.2 + (m % 5) / 5);  // no two methods have their markers at the same places
      for (let k = 1; k < to; k++) {
        const x = points[2 * k], y = points[2 * k + 1];
        gone += Math.hypot(x - points[2 * k - 2], y - points[2 * k - 1]);
        if (gone <= apart) continue;
        const cell = 4096 * Math.round(x / 12) + Math.round(y / 12);
        if (!marked.has(cell)) {
          marked.add(cell);
          marker(context, m, x, y, 3.2);
          gone = 0;
        }
      }
      const x = points[2 * to], y = points[2 * to + 1];
      marker(context, m, x, y, 5.5);
      context.globalAlpha = 1;
      if (dim === 1) ends.push({ m, x, y, lost: r.last < state.at });
    }
    const h = state.hover;
    if (h && runs[h.m] && h.k <= runs[h.m].last) {
      const points = places[h.m][panel];
      context.lineWidth = 2.5;
      context.strokeStyle = colors.ink;
      context.beginPath();
      context.arc(points[2 * h.k], points[2 * h.k + 1], 9, 0, 7);
      context.stroke();
    }
    return ends;
  }

  function stroke(context, points, from, to, color, width, alpha) {
    context.globalAlpha = alpha;
    context.strokeStyle = color;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(points[2 * from], points[2 * from + 1]);
    for (let k = from + 1; k <= to; k++) context.lineTo(points[2 * k], points[2 * k + 1]);
    context.stroke();
    context.globalAlpha = 1;
  }

  function marker(context, m, x, y, radius) {
    context.save();
    context.translate(x, y);
    context.beginPath();
    MARKERS[spec.methods[m].marker](context, radius);
    context.lineWidth = 2;
    context.strokeStyle = colors.halo;
    context.stroke();
    context.fillStyle = colors.methods[m];
    context.fill();
    context.restore();
  }

  function label(context, text, x, y, align) {
    context.textAlign = align;
    context.lineWidth = 3;
    context.strokeStyle = colors.halo;
    context.strokeText(text, x, y);
    context.fillText(text, x, y);
  }

  // Write the names beside the ends, with a line to what they name where they had to be pushed away.
  function nameEnds(context, ends, taken, width, height) {
    context.font = "600 13px system-ui, sans-serif";
    for (const end of ends) {
      end.text = spec.methods[end.m].name + (end.lost ? " diverged" : "");
      end.wide = context.measureText(end.text).width;
      end.shift = shifted[end.m];
    }
    placeNames(ends, taken, width, height).forEach((place, k) => {
      const { m, text, x: endX, y: endY } = ends[k];
      if (!place) return;
      const { x, y, wide, right } = place;
      shifted[m] = place.shift;
      context.strokeStyle = colors.methods[m];
      if (Math.abs(y - 4 - endY) > 10 && endX > 0 && endX < width && endY > 0 && endY < height) {
        context.lineWidth = 1;
        context.beginPath();
        context.moveTo(endX, endY);
        context.lineTo(right ? x - 2 : x + wide + 2, y - 4);
        context.stroke();
      }
      context.fillStyle = colors.methods[m];
      label(context, text, x, y, "left");
    });
  }

  // -- Words: the rows, the reading of one point, and what a screen reader hears once all is still.

  const says = (r, form) => (r.last < state.at ? "diverged" : form(r.loss[state.at]));
  const ofRow = (r) => (r ? says(r, lossIs) : "off");

  function writeRows() {
    all("[data-method]").forEach((row, m) => {
      row.querySelector(".loss").textContent = ofRow(runs[m]);
    });
    scrub.max = state.steps;
    scrub.value = state.at;
    scrub.setAttribute("aria-valuetext", `step ${state.at} of ${state.steps}`);
    find(".step").textContent = `step ${state.at}`;
    find(".reading").innerHTML = reading();
  }

  function reading() {
    const h = state.hover;
    if (!h || !runs[h.m]) return spec.hint;
    const { name, memory } = spec.methods[h.m], r = runs[h.m], count = 2 * memory.length;
    const pair = (values) => `(${[...values].map((v) => words(v)).join(", ")})`;
    const remembered = memory.map((what, k) =>
      `, ${what} = ${pair(r.s.subarray(h.k * count + 2 * k, h.k * count + 2 * k + 2))}`);
    return `<b style="color:var(--m${spec.methods[h.m].look})">${escape(name)}</b>, step ${h.k}: `
      + `θ = ${pair(r.x.subarray(2 * h.k, 2 * h.k + 2))}, ${lossIs(r.loss[h.k])}${escape(remembered.join(""))}`;
  }

  // A screen reader hears what has changed once all is still, and nothing before the reader has moved something.
  let telling, told;
  function tell() {
    clearTimeout(telling);
    telling = setTimeout(() => {
      const each = methods.map((m, k) => runs[k] && `${spec.methods[k].name} ${says(runs[k], lossWords)}`).filter(Boolean);
      const text = `Loss at step ${state.at} from ${words(start()[0])}, ${words(start()[1])}: ${each.join(", ")}.`;
      if (told && told !== text) find("[aria-live]").textContent = text;
      told = text;
      land.setAttribute("aria-label", `Paths on ${loss().label}. ${text}`);
    }, 700);
  }

  // -- What the reader does.

  // Put the start at a point inside the panel; close to an axis, on it, which no hand would hit.
  function place(x, y) {
    const { x0, y1, wide, high, unit } = view;
    const within = (v, low, size) => Math.max(low + 8 * unit, Math.min(low + size - 8 * unit, v));
    const tidy = (v) => (Math.abs(v) < 1.5 * unit ? 0 : Number(v.toPrecision(4)));
    state.start[state.landscape] = [tidy(within(x, x0, wide)), tidy(within(y, y1 - high, high))];
    changed();
  }
  const placeAtPixel = (x, y) => place(view.x0 + x * view.unit, view.y1 - y * view.unit);
  const inside = (event, canvas) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  function nearest(x, y, panel, reach) {
    let best = null;
    places.forEach((place, m) => {
      if (!place) return;
      const points = place[panel], pointOf = (k) => [points[2 * k], points[2 * k + 1]];
      const found = nearestPoint(pointOf, points.length / 2, x, y, reach);
      if (found && !(best?.far <= found.far)) best = { far: found.far, m, k: found.point };
    });
    return best;
  }

  function read(found) {
    if (found?.m === state.hover?.m && found?.k === state.hover?.k) return;
    state.hover = found;
    redraw();
  }

  // The mouse takes the start along from wherever it is pressed. A finger must take hold of the start itself, so that
  // elsewhere it scrolls the page; its tap reads a curve or, away from all, sets the start there.
  let dragging = false, tapped = null;
  land.addEventListener("pointerdown", (event) => {
    const [x, y] = inside(event, land);
    if (event.pointerType === "mouse" && event.button === 0) {
      dragging = true;
      land.setPointerCapture(event.pointerId);
      placeAtPixel(x, y);
    } else {
      tapped = [x, y];
    }
  });
  land.addEventListener("pointermove", (event) => {
    const [x, y] = inside(event, land);
    if (dragging) placeAtPixel(x, y);
    else if (event.pointerType === "mouse") read(nearest(x, y, "land", 14));
  });
  land.addEventListener("pointerup", (event) => {
    const [x, y] = inside(event, land);
    if (tapped && Math.hypot(x - tapped[0], y - tapped[1]) < 8) {
      const found = nearest(x, y, "land", 16);
      if (found) read(found);
      else placeAtPixel(x, y);
    }
    dragging = false;
    tapped = null;
  });
  land.addEventListener("pointercancel", () => { dragging = false; tapped = null; });
  for (const type of ["pointermove", "pointerdown"]) {
    curves.addEventListener(type, (event) => read(nearest(...inside(event, curves), "curves", 30)));
  }
  for (const canvas of [land, curves]) {
    canvas.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && read(null));
  }

  let held = null;
  handle.addEventListener("pointerdown", (event) => {
    const [x, y] = inside(event, land), [hx, hy] = toPixel(...start());
    held = [x - hx, y - hy];
    handle.setPointerCapture(event.pointerId);
  });
  handle.addEventListener("pointermove", (event) => {
    if (!held) return;
    const [x, y] = inside(event, land);
    placeAtPixel(x - held[0], y - held[1]);
  });
  for (const type of ["pointerup", "pointercancel"]) handle.addEventListener(type, () => { held = null; });
  handle.addEventListener("keydown", (event) => {
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [];
    if (dx === undefined) return;
    event.preventDefault();
    event.stopPropagation();  // the theme turns pages with the arrow keys, JupyterLab changes cells
    const far = view.unit * (event.shiftKey ? 1 : 8);
    place(start()[0] + dx * far, start()[1] + dy * far);
  });

  // A slider of a hyperparameter stands where its scale says; the arrow keys go from stop to stop.
  function slider(input, m, k) {
    const output = input.nextElementSibling, { symbol } = spec.methods[m].hypers[k];
    const show = () => {
      const value = hypers(m)[k];
      input.value = scaleOf(state.landscape, m, k).place(value);
      output.textContent = words(value, 4);
      input.setAttribute("aria-valuetext", `${symbol} ${words(value, 4)}`);
    };
    const set = (value) => {
      hypers(m)[k] = value;
      show();
      changed();
    };
    input.addEventListener("input", () => {
      hypers(m)[k] = scaleOf(state.landscape, m, k).value(Number(input.value));
      output.textContent = words(hypers(m)[k], 4);
      input.setAttribute("aria-valuetext", `${symbol} ${output.textContent}`);
      changed();
    });
    input.addEventListener("keydown", (event) => {
      const up = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      if (!up) return;
      event.preventDefault();
      event.stopPropagation();
      const { stops } = scaleOf(state.landscape, m, k), value = hypers(m)[k], near = 1e-9 * Math.abs(value);
      const next = up > 0 ? stops.find((s) => s > value + near) : stops.findLast((s) => s < value - near);
      if (next !== undefined) set(next);
    });
    // A finger that goes on to scroll the page has changed nothing.
    let before;
    input.addEventListener("pointerdown", () => { before = hypers(m)[k]; });
    input.addEventListener("pointercancel", () => set(before));
    return show;
  }
  const shows = all("[data-method]").flatMap((row, m) =>
    [...row.querySelectorAll("[data-hyper]")].map((input) => slider(input, m, Number(input.dataset.hyper))));

  all("[data-method]").forEach((row, m) => {
    const box = row.querySelector("[type=checkbox]"), name = row.querySelector(".name"), tune = row.querySelector(".tune");
    box.addEventListener("change", () => {
      state.shown[m] = box.checked;
      changed();
    });
    name.addEventListener("click", () => {  // this method alone, or all again
      const alone = state.shown.every((on, k) => on === (k === m));
      state.shown = state.shown.map((_, k) => alone || k === m);
      changed();
    });
    tune.addEventListener("click", () => open(row.classList.contains("open") ? -1 : m));
    const light = (on) => () => { focus = on ? m : null; redraw(); };
    for (const [type, on] of [["pointerenter", true], ["pointerleave", false]]) name.addEventListener(type, light(on));
    name.addEventListener("focus", () => name.matches(":focus-visible") && light(true)());
    name.addEventListener("blur", light(false));
  });
  function open(which) {
    all("[data-method]").forEach((row, m) => {
      row.classList.toggle("open", m === which);
      row.querySelector(".tune").setAttribute("aria-expanded", m === which);
    });
  }

  // -- Time.

  let began, from;
  function setStep(k) {
    state.at = Math.max(0, Math.min(state.steps, k));
    redraw();
  }
  function setPlaying(on) {
    state.playing = on;
    play.classList.toggle("on", on);
    play.setAttribute("aria-label", on ? "Pause" : "Play");
    if (!on) return tell();
    from = state.at >= state.steps ? 0 : state.at;
    began = null;
    requestAnimationFrame(tick);
  }
  function tick(now) {
    if (!state.playing) return;
    if (!root.isConnected) return;
    began ??= now;
    const seconds = Math.max(3, Math.min(8, state.steps / 20));
    setStep(from + Math.floor(((now - began) / 1000 / seconds) * state.steps));
    if (state.at >= state.steps) setPlaying(false);
    else requestAnimationFrame(tick);
  }
  play.addEventListener("click", () => setPlaying(!state.playing));
  for (const [selector, by] of [[".back", -1], [".forward", 1]]) {
    find(selector).addEventListener("click", () => {
      setPlaying(false);
      setStep(state.at + by);
      tell();
    });
  }
  let stepBefore;
  scrub.addEventListener("pointerdown", () => { stepBefore = state.at; });
  scrub.addEventListener("pointercancel", () => setStep(stepBefore));
  scrub.addEventListener("input", () => {
    if (state.playing) setPlaying(false);
    setStep(Number(scrub.value));
    tell();
  });
  scrub.addEventListener("keydown", (event) => event.stopPropagation());

  // -- Landscape, number of steps, the beginning again.

  const howMany = find(".steps"), which = find(".landscape");
  function setSteps(count) {
    const whole = state.at >= state.steps;
    state.steps = count;
    state.at = whole ? count : Math.min(state.at, count);
  }
  howMany.addEventListener("change", () => {
    setSteps(Number(howMany.value));
    changed();
  });
  const jump = (change) => {
    if (address) address.jump(change);
    else change();
    changed();
  };
  which?.addEventListener("change", () => jump(() => {
    state.landscape = Number(which.value);
    setSteps(loss().steps);
  }));
  find(".reset").addEventListener("click", () => {
    setPlaying(false);
    const { landscape } = state;
    jump(() => { state = { ...fresh(), landscape, steps: losses[landscape].steps, at: losses[landscape].steps }; });
  });

  function showControls() {
    shows.forEach((show) => show());
    all("[data-method]").forEach((row, m) => {
      row.querySelector("[type=checkbox]").checked = state.shown[m];
      row.querySelector(".name").setAttribute("aria-pressed", state.shown.every((on, k) => on === (k === m)));
      row.classList.toggle("off", !state.shown[m]);
    });
    if (![...howMany.options].some((option) => Number(option.value) === state.steps)) {
      howMany.add(new Option(`${state.steps} steps`, state.steps));
    }
    howMany.value = state.steps;
    if (which) which.value = state.landscape;
  }
  function changed() {
    showControls();
    compute();
    share();
    clearTimeout(noting);
    noting = setTimeout(() => address?.note(), 300);
  }

  // -- The setting in the address, as far as it is not the one at first; in a kernel the address is not ours.

  let noting;
  const address = model ? null : keepInAddress(root, say, takeWords);
  function say() {
    const said = { start: start().join(), steps: state.steps };
    if (losses.length > 1) said.on = loss().label;
    methods.forEach(({ name, hypers: known }, m) => known.forEach((hyper, k) => {
      if (hypers(m)[k] !== loss().settings[m][k]) said[`${name}.${hyper.name}`] = hypers(m)[k];
    }));
    const off = spec.methods.filter((_, m) => !state.shown[m]).map(({ name }) => name);
    if (off.length) said.off = off.join();
    return said;
  }
  function takeWords(said) {
    setPlaying(false);
    const landscape = Math.max(0, losses.findIndex(({ label }) => label === said.on));
    state = { ...fresh(), landscape };
    const steps = Number(said.steps), [x, y] = String(said.start).split(",").map(Number);
    state.steps = steps >= 1 && steps <= 1e5 ? Math.floor(steps) : loss().steps;
    state.at = state.steps;
    if (isFinite(x) && isFinite(y)) state.start[landscape] = [x, y];
    methods.forEach(({ name, hypers: known }, m) => {
      state.shown[m] = !said.off?.split(",").includes(name);
      known.forEach((hyper, k) => {
        const value = Number(said[`${name}.${hyper.name}`] ?? NaN), place = hyper.scale ? scaleOf(landscape, m, k).place(value) : NaN;
        if (place >= 0 && place <= 1) hypers(m)[k] = value;
      });
    });
    showControls();
    compute();
  }

  // -- In a kernel: start, settings, landscape and steps are Python's, too.

  const names = spec.methods.map((m) => m.name);
  const settings = () => Object.fromEntries(names.map((name, m) =>
    [name, Object.fromEntries(spec.methods[m].hypers.map((h, k) => [h.name, hypers(m)[k]]))]));
  let sharing, ours = false;  // ours: it is this page that changes the model
  function share() {
    if (!model) return;
    clearTimeout(sharing);
    sharing = setTimeout(() => {
      const now = {
        landscape: loss().label, start: start(), steps: state.steps, settings: settings(),
        shown: names.filter((_, m) => state.shown[m]),
      };
      ours = true;
      for (const [name, value] of Object.entries(now)) {
        if (JSON.stringify(model.get(name)) !== JSON.stringify(value)) model.set(name, value);
      }
      ours = false;
      model.save_changes();
    }, 50);
  }
  function take() {
    if (ours) return;
    state.landscape = losses.findIndex((l) => l.label === model.get("landscape"));
    state.start[state.landscape] = [...model.get("start")];
    if (state.steps !== model.get("steps")) setSteps(model.get("steps"));
    names.forEach((name, m) => {
      state.shown[m] = model.get("shown").includes(name);
      spec.methods[m].hypers.forEach((h, k) => { hypers(m)[k] = model.get("settings")[name][h.name]; });
    });
    showControls();
    compute();
  }
  const traits = ["landscape", "start", "steps", "settings", "shown"];
  for (const name of model ? traits : []) model.on(`change:${name}`, take);

  // -- Colours follow the theme, sizes the page. All sizes are asked for first: to be asked again after a canvas has
  // changed, the browser would lay the page out again.

  function paint() {
    const sizeOf = ({ clientWidth: width, clientHeight: height }) => ({ width, height });
    const swatches = all(".swatch"), { width, height } = sizeOf(swatches[0]);
    boxes = [land, curves].map(sizeOf);
    stale = true;
    const style = getComputedStyle(root), color = (name) => style.getPropertyValue(`--${name}`).trim();
    colors = Object.fromEntries(["low", "high", "line", "halo", "ink", "soft", "grid"].map((name) => [name, color(name)]));
    colors.methods = spec.methods.map((m) => color(`m${m.look}`));
    swatches.forEach((swatch, m) => {
      const context = prepare(swatch, width, height);
      context.clearRect(0, 0, width, height);
      stroke(context, [2, height / 2, width - 2, height / 2], 0, 1, colors.methods[m], 2, 1);
      marker(context, m, width / 2, height / 2, 4.5);
    });
    redraw();
  }
  const themes = new MutationObserver(paint);
  for (const element of [document.documentElement, document.body]) {
    if (element) themes.observe(element, { attributes: true });
  }
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", paint);
  const sizes = new ResizeObserver(() => requestAnimationFrame(paint));  // first when the figure stands on the page
  [land, curves].forEach((canvas) => sizes.observe(canvas));

  open(Math.min(1, methods.length - 1));
  if (model) {
    take();
  } else {
    showControls();
    compute();
    address.read();
  }
  if (spec.autoplay && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
    const once = new IntersectionObserver(([entry]) => {
      if (!entry.isIntersecting) return;
      once.disconnect();
      setPlaying(true);
    }, { threshold: 0.6 });
    once.observe(land);
  }
  return () => {
    state.playing = false;
    clearTimeout(telling);
    clearTimeout(sharing);
    clearTimeout(noting);
    themes.disconnect();
    sizes.disconnect();
    dark.removeEventListener("change", paint);
    for (const name of model ? traits : []) model.off(`change:${name}`, take);
  };
}

const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

function markup({ methods, losses, stepChoices }) {
  const swatch = `<canvas class="swatch"></canvas>`;
  const knob = (m) => ({ symbol, name }, k) => `<label><span>${escape(symbol)}</span><input type="range" min="0" max="1"
    step="any" autocomplete="off" data-hyper="${k}" aria-label="${escape(m.name)} ${escape(name)}"><output></output></label>`;
  const rows = methods.map((m) => `<li data-method style="--me:var(--m${m.look})">
    <input type="checkbox" checked autocomplete="off" aria-label="Show ${escape(m.name)}">
    <button type="button" class="name" title="this one alone, or all">${swatch}${escape(m.name)}</button>
    <span class="loss"></span>
    <button type="button" class="tune" aria-expanded="false" aria-label="Settings of ${escape(m.name)}"></button>
    <div class="knobs">${m.hypers.map((h, k) => (h.scale ? knob(m)(h, k) : "")).join("")}</div></li>`);
  const choices = losses.map((l, k) => `<option value="${k}">${escape(l.label)}</option>`);
  const landscapes = losses.length > 1
    ? `<select class="landscape" aria-label="Landscape" autocomplete="off">${choices.join("")}</select>` : "";
  const counts = stepChoices.map((n) => `<option value="${n}">${n} steps</option>`).join("");
  return `<div class="panels">
    <div class="panel land"><canvas role="img" aria-label="The landscape"></canvas>
      <button type="button" class="start" aria-label="Starting point"></button></div>
    <div class="panel curves"><canvas role="img" aria-label="The loss of each method over the steps"></canvas></div></div>
    <p class="reading"></p>
    <div class="player">
      <button type="button" class="play" aria-label="Play"></button>
      <button type="button" class="back" aria-label="One step back"></button>
      <button type="button" class="forward" aria-label="One step forward"></button>
      <input type="range" class="scrub" min="0" step="1" aria-label="Step" autocomplete="off"><span class="step"></span>
      ${landscapes}<select class="steps" aria-label="Number of steps" autocomplete="off">${counts}</select>
      <button type="button" class="reset">Reset</button></div>
    <ul class="methods">${rows.join("")}</ul>
    <div class="heard" aria-live="polite"></div>`;
}
