// An explorable draws what Python has computed. On the static page that is every setting of the sliders: this looks the
// setting up, without a server or a library. In a kernel it is one setting, and at each move the next one comes as `model`.
async function explorable(figure, given, model = null) {
  const find = (selector) => figure.querySelector(selector), all = (selector) => [...figure.querySelectorAll(selector)];
  const controls = all("[data-control]"), moving = all("[data-mark]"), board = find(".board");
  const readout = find(".readout"), values = all(".numbers dd"), reading = find(".reading");
  const says = controls.map((c) => (c.tagName === "SELECT" ? [...c.options].map((o) => o.text) : JSON.parse(c.dataset.words)));
  let { spec, columns, words } = await load(given);

  async function load(spec) {
    const packed = Uint8Array.from(atob(spec.packed), (c) => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    const words = JSON.parse(new TextDecoder().decode(bytes.subarray(spec.words)));
    return { spec, columns: spec.columns.map((column) => unpack(bytes, column)), words };
  }

  // A column holds `points` numbers for each of its settings, as second differences whose bytes lie in four planes.
  function unpack(bytes, { start, points, settings }) {
    const count = points * settings;
    const values = new Int32Array(count);
    for (let s = 0, i = 0; s < settings; s++) {
      let value = 0, slope = 0;
      for (let p = 0; p < points; p++, i++) {
        const z = bytes[start + i] | (bytes[start + count + i] << 8)
          | (bytes[start + 2 * count + i] << 16) | (bytes[start + 3 * count + i] << 24);
        slope += (z >>> 1) ^ -(z & 1);
        value += slope;
        values[i] = value;
      }
    }
    return { values, points, settings };
  }

  const raw = (column, setting, point) =>
    column.values[(column.settings === 1 ? 0 : setting) * column.points + (column.points === 1 ? 0 : point)];
  const at = (column, setting, point) => raw(column, setting, point) / 5;
  const length = (mark) => Math.max(columns[mark.x].points, columns[mark.y].points);

  // How a shape is redrawn, each by the rule of the `svg` in optim/marks.py that drew it first.
  const pieces = {
    line: (x, y, i) => `${i ? "L" : "M"}${x} ${y}`,
    dots: (x, y, i, { marker }) => `M${x} ${y}${marker}`,
    bars: (x, y, i, { width, floor }) => `M${x - width / 2} ${floor}V${y}h${width}V${floor}Z`,
  };

  function drawMark(element, setting, drawn) {
    const { mark: number, shape } = element.dataset, mark = spec.marks[number];
    const x = columns[mark.x], y = columns[mark.y];
    if (shape === "text") {
      element.setAttribute("x", at(x, setting, 0));
      element.setAttribute("y", at(y, setting, 0));
      element.textContent = words[mark.words][setting];
      return;
    }
    let d = drawn[number + shape];
    if (d === undefined) {
      d = "";
      for (let i = 0; i < length(mark); i++) d += pieces[shape](at(x, setting, i), at(y, setting, i), i, mark);
      drawn[number + shape] = d;
    }
    element.setAttribute("d", d);
  }

  let setting = 0, variant = 0;
  function draw() {
    setting = variant = 0;
    controls.forEach((control, k) => {
      setting = setting * control.dataset.positions + Number(control.value);
      if (control.tagName === "SELECT") {
        variant = variant * control.dataset.positions + Number(control.value);
        return;
      }
      control.setAttribute("aria-valuetext", says[k][control.value]);
      control.nextElementSibling.value = says[k][control.value];
    });
    const drawn = {};
    for (const element of moving) drawMark(element, setting, drawn);
    spec.rows.forEach(([name, start, end], k) => {
      const sentence = words[spec.readouts[k]][setting];
      write(values[k], name ? sentence.slice(start, end || undefined) : sentence);
    });
    for (const ground of all("[data-background]")) ground.hidden = Number(ground.dataset.background) !== variant;
    if (model) speakSoon();
    else if (!dragging) speak();
    nameEnds();
    placeHandle();
    showStep();
  }

  // Write a text, with the index of a symbol such as λmax set low.
  function write(element, text) {
    element.textContent = text;
    if (text.includes("λm")) element.innerHTML = element.innerHTML.replace(/λ(max|min)/g, "λ<sub>$1</sub>");
  }

  // A screen reader hears where a drag has led to, not every place on the way.
  let dragging = false, speaking;
  function speakSoon() {  // of a kernel's sliders nobody knows here when they are let go
    clearTimeout(speaking);
    speaking = setTimeout(speak, 700);
  }
  function speak() {
    const sentence = spec.readouts.map((n) => words[n][setting]).join(" ");
    if (readout && readout.textContent !== sentence) readout.textContent = sentence;
  }

  // ---- The name of a path stands at its end, where there is room.

  const nameOf = (mark) => mark.name || spec.marks.find((other) => other.series === mark.series && other.name)?.name;
  const colorOf = (line) => line.getAttribute("stroke") ?? line.getAttribute("fill");
  const lines = spec.marks.map((_, n) => find(`[data-mark="${n}"]:not(.halo)`));
  const named = [], scales = new Map();
  spec.marks.forEach((mark, n) => {
    const known = named.some((other) => spec.marks[other.number].series === mark.series);
    if (!mark.steps || !nameOf(mark) || known || !spec.panels[0][mark.panel].land) return;
    const panel = lines[n].closest(".panel"), name = document.createElement("span");
    name.className = "end";
    name.dataset.series = mark.series;
    name.style.color = colorOf(lines[n]);
    write(name, nameOf(mark));
    panel.append(name);
    named.push({ number: n, panel, name });
  });
  function measure() {
    for (const panel of all(".panel")) {
      scales.set(panel, panel.clientWidth / panel.querySelector(".moving").viewBox.baseVal.width);
    }
    for (const one of named) one.wide = one.name.offsetWidth;
    nameEnds();
  }
  function nameEnds() {
    for (const panel of new Set(named.map((one) => one.panel))) {
      const scale = scales.get(panel), { box: [left, top, width, height], minimum } = spec.panels[variant][panel.dataset.panel];
      const here = named.filter((one) => one.panel === panel);
      for (const { name } of here) name.style.visibility = "hidden";
      if (!scale) continue;
      const ends = here.map(({ number: n, name, wide, shift }) => {
        const mark = spec.marks[n], last = length(mark) - 1;
        return { x: at(columns[mark.x], setting, last), y: at(columns[mark.y], setting, last), name, wide, shift };
      }).filter(({ x, y }) => x >= 0 && y >= 0 && x <= width && y <= height);
      for (const end of ends) [end.x, end.y] = [end.x * scale, end.y * scale];
      const taken = minimum ? [{ x: minimum[0] * scale - 30, y: minimum[1] * scale + 22, wide: 60 }] : [];
      for (const { number: n } of here) {
        const { x, y } = spec.marks[n];
        for (let k = 0; k < length(spec.marks[n]); k++) {
          taken.push({ x: at(columns[x], setting, k) * scale, y: at(columns[y], setting, k) * scale + 4, wide: 0, gap: 10 });
        }
      }
      placeNames(ends, taken, width * scale, height * scale, 44).forEach((place, k) => {
        here.find(({ name }) => name === ends[k].name).shift = place?.shift;
        if (!place) return;
        ends[k].name.style.visibility = "visible";
        ends[k].name.style.transform = `translate(${left * scale + place.x}px, ${top * scale + place.y - 11}px)`;
      });
    }
  }

  // ---- Time: a marker on every curve that knows its steps.

  const scrub = find(".scrub"), play = find(".play"), last = Number(scrub?.max ?? model?.get("last") ?? 0);
  const timed = [];
  for (const [number, mark] of spec.marks.entries()) {
    if (!mark.steps) continue;
    const line = lines[number], marker = line.cloneNode();
    for (const name of marker.getAttributeNames()) marker.removeAttribute(name);
    marker.setAttribute("class", "now");
    marker.setAttribute("d", "M0 0" + mark.now);
    marker.setAttribute("fill", colorOf(line));
    marker.dataset.series = mark.series;
    line.parentNode.append(marker);
    timed.push({ number, marker });
  }
  let hover = null;  // what the reader points at: { number, point, step }

  function stepAt(mark, point) {
    const steps = mark.steps[variant % mark.steps.length];
    return steps.length > 2 ? steps[point] : steps[0] + point * steps[1];
  }
  // Where a curve is at a step; undefined before its first and after its last.
  function pointAt(mark, step) {
    const steps = mark.steps[variant % mark.steps.length];
    let point = length(mark) - 1;
    if (steps.length === 2) point = Math.floor((step - steps[0]) / steps[1]);
    else while (point >= 0 && steps[point] > step) point--;
    return point >= 0 && point < length(mark) ? point : undefined;
  }
  function showStep() {
    const step = hover?.step ?? Number(scrub?.value ?? model?.get("step") ?? 0);
    const seen = timed.length && (playing || hover?.step !== undefined || step < last);
    for (const { number: n, marker } of timed) {
      const mark = spec.marks[n], point = seen ? pointAt(mark, step) : undefined;
      marker.style.display = point === undefined ? "none" : "";
      if (point === undefined) continue;
      const x = at(columns[mark.x], setting, point), y = at(columns[mark.y], setting, point);
      marker.setAttribute("transform", `translate(${x} ${y})`);
    }
    if (scrub) {
      find(".step").textContent = `step ${scrub.value}`;
      scrub.setAttribute("aria-valuetext", `step ${scrub.value}`);
    }
    reading.textContent = hover ? tell(hover) : reading.dataset.hint;
  }

  let playing = false, began, from;
  function setPlaying(on) {
    playing = on;
    play.classList.toggle("on", on);
    play.setAttribute("aria-label", on ? "Pause" : "Play");
    if (!on) return showStep();
    from = Number(scrub.value) >= last ? 0 : Number(scrub.value);
    began = null;
    hover = null;
    requestAnimationFrame(tick);
  }
  function tick(now) {
    if (!playing || !figure.isConnected) return;
    began ??= now;
    const seconds = Math.max(3, Math.min(8, last / 20));
    scrub.value = Math.min(last, from + Math.floor(((now - began) / 1000 / seconds) * last));
    if (Number(scrub.value) >= last) return setPlaying(false);
    showStep();
    requestAnimationFrame(tick);
  }
  function go(step) {
    if (playing) setPlaying(false);
    hover = null;
    scrub.value = step;
    showStep();
  }
  play?.addEventListener("click", () => setPlaying(!playing));
  find(".back")?.addEventListener("click", () => go(Number(scrub.value) - 1));
  find(".forward")?.addEventListener("click", () => go(Number(scrub.value) + 1));
  scrub?.addEventListener("input", () => go(scrub.value));

  // ---- Pointing at a curve.

  function number(value, digits = 3) {
    if (value === 0) return "0";
    const size = Math.abs(value);
    if (!(size < 1e12)) return "diverged";
    const text = size < 1e-3 || size >= 1e6 ? value.toExponential(digits - 1) : String(Number(value.toPrecision(digits)));
    return text.replace("e+", "e").replaceAll("-", "−");
  }
  // The inverse of _coded in table.py.
  function decoded(code) {
    return code === 1e5 ? Infinity : Math.sign(code) * (2 ** (Math.abs(code) / 64) - 1) * 1e-14;
  }
  // A place on a panel is known to a fifth of a pixel, and said to no more digits than that.
  function place(axes, axis, pixel) {
    const [low, high] = axes["xy"[axis]], size = axes.box[2 + axis];
    const share = axis ? 1 - pixel / size : pixel / size;
    if (axes.logs[axis]) return number(low * (high / low) ** share, 2);
    const digits = Math.max(0, Math.ceil(-Math.log10((high - low) / size / 2)));
    const value = low + share * (high - low), zero = Math.abs(value) < ((high - low) / size) * 0.11;
    return zero ? "0" : value.toFixed(digits).replace("-", "−");
  }
  const overSteps = (axes) => axes.names[0].startsWith("step");
  function tell({ number: n, point, step }) {
    const mark = spec.marks[n], axes = spec.panels[variant][mark.panel];
    const [x, y] = [columns[mark.x], columns[mark.y]].map((column) => at(column, setting, point));
    const name = nameOf(mark);
    const parts = step === undefined ? [] : [`step ${step}`];
    if (!overSteps(axes)) parts.push(`${axes.names[0]} = ${place(axes, 0, x)}`);
    parts.push(`${axes.names[1]} = ${place(axes, 1, y)}`);
    for (const [what, column] of Object.entries(mark.told ?? {})) {
      const value = number(decoded(raw(columns[column], setting, point)), 2);
      parts.push(value === "diverged" ? value : `${what} ≈ ${value}`);
    }
    for (const { number: other } of timed) {  // the loss of a path stands on another panel
      const one = spec.marks[other], ground = spec.panels[variant][one.panel];
      if (one === mark || one.series !== mark.series || !overSteps(ground) || overSteps(axes)) continue;
      const there = pointAt(one, step);
      if (there === undefined) continue;
      parts.push(`${ground.names[1]} ≈ ${place(ground, 1, at(columns[one.y], setting, there))}`);
    }
    return (name ? `${name}: ` : "") + parts.join(", ");
  }
  function nearest(panel, event, reach) {
    const box = panel.getBoundingClientRect(), [left, top, width, height] = spec.panels[variant][panel.dataset.panel].box;
    const scale = panel.querySelector(".moving").viewBox.baseVal.width / box.width;
    const px = (event.clientX - box.left) * scale - left, py = (event.clientY - box.top) * scale - top;
    const inside = (x, y) => x >= 0 && y >= 0 && x <= width && y <= height;
    let best = null;
    spec.marks.forEach((mark, n) => {
      if (mark.panel !== Number(panel.dataset.panel) || mark.words !== undefined) return;
      if (alone !== null && mark.series !== alone) return;
      const pointOf = (k) => [at(columns[mark.x], setting, k), at(columns[mark.y], setting, k)];
      const found = nearestPoint(pointOf, length(mark), px, py, reach * scale, lines[n].dataset.shape === "line");
      if (!found || best?.far <= found.far) return;
      const { far, point: k } = found;
      const point = [k, k - 1, k + 1].find((k) => k >= 0 && k < length(mark) && inside(...pointOf(k)));
      if (point !== undefined) best = { far, number: n, point, step: mark.steps ? stepAt(mark, point) : undefined };
    });
    return best;
  }
  function point(found) {
    if (found?.number === hover?.number && found?.point === hover?.point) return;
    hover = found;
    showStep();
  }
  for (const panel of all(".panel")) {
    for (const type of ["pointermove", "pointerdown"]) {
      panel.addEventListener(type, (event) => {
        if (!playing && (type === "pointerdown" || event.pointerType === "mouse")) point(nearest(panel, event, 26));
      });
    }
    panel.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && point(null));
  }

  // ---- The legend shows a mark alone; a run that is kept stays as a ghost.

  let alone = null;
  for (const entry of all("[data-alone]")) {
    entry.addEventListener("click", () => {
      alone = alone === Number(entry.dataset.alone) ? null : Number(entry.dataset.alone);
      for (const other of all("[data-alone]")) other.setAttribute("aria-pressed", Number(other.dataset.alone) === alone);
      for (const mark of all(".panel [data-series]")) {
        mark.classList.toggle("pale", alone !== null && Number(mark.dataset.series) !== alone);
      }
    });
  }
  const keep = find(".keep");
  function forget() {
    for (const ghost of all(".kept")) ghost.remove();
    keep.setAttribute("aria-pressed", "false");
  }
  keep.addEventListener("click", () => {
    const kept = keep.getAttribute("aria-pressed") === "true";
    forget();
    if (kept) return;
    for (const element of moving) {
      const { x, y } = spec.marks[element.dataset.mark];
      if (element.classList.contains("halo") || element.dataset.shape === "text") continue;
      if (!model && columns[x].settings === 1 && columns[y].settings === 1) continue;  // it stays where it is
      const ghost = element.cloneNode();
      for (const name of ["mark", "series"]) delete ghost.dataset[name];
      ghost.setAttribute("class", "kept");
      element.parentNode.prepend(ghost);
    }
    keep.setAttribute("aria-pressed", "true");
  });

  // ---- The setting in the address; in a kernel the address is not ours.

  const address = model ? null : keepInAddress(
    figure,
    () => Object.fromEntries(controls.map((c, k) => [c.dataset.control, says[k][c.value]])),
    (setting) => {
      controls.forEach((control, k) => {
        const place = says[k].indexOf(setting[control.dataset.control]);
        if (place >= 0) control.value = place;
      });
      draw();
    },
  );

  // ---- The pad: a map of what comes of two sliders. `places` tells where they stand, `move` moves them.

  const pad = find(".pad"), map = pad?.querySelector(".map"), canvas = pad?.querySelector("canvas");
  const handle = pad?.querySelector(".handle"), sliders = controls.filter((c) => c.tagName === "INPUT");
  let painted = "", held = false, heldAt = null;
  const places = () => (model ? (heldAt ?? spec.pad.at) : sliders.map((slider) => Number(slider.value)));
  function move(to) {
    const counts = spec.pad.counts, within = to.map((place, k) => Math.max(0, Math.min(counts[k] - 1, place)));
    if (model) {
      heldAt = within;
      placeHandle();
      model.set("places", within);
      model.save_changes();
    } else {
      sliders.forEach((slider, k) => { slider.value = within[k]; });
      draw();
    }
  }
  function paintPad() {
    const style = getComputedStyle(figure), color = (name) => style.getPropertyValue(`--${name}`).trim();
    const [low, high, grid, soft] = ["deep", "high", "grid", "soft"].map(color);
    const [wide, tall] = spec.pad.counts, column = columns[spec.pad.column];
    const key = [variant, low].join();
    if (key === painted) return;
    painted = key;
    const cell = 8, context = canvas.getContext("2d");
    canvas.width = wide * cell;
    canvas.height = tall * cell;
    const rgb = (c) => [1, 3, 5].map((k) => parseInt(c.slice(k, k + 2), 16)), [a, b] = [rgb(low), rgb(high)];
    for (let i = 0; i < wide; i++) {
      for (let j = 0; j < tall; j++) {
        const band = raw(column, (variant * wide + i) * tall + j, 0), x = i * cell, y = (tall - 1 - j) * cell;
        context.fillStyle = band > 11 ? grid : `rgb(${a.map((v, n) => v + ((b[n] - v) * band) / 11)})`;
        context.fillRect(x, y, cell, cell);
        if (band <= 11) continue;
        context.strokeStyle = soft;
        context.lineWidth = 0.7;
        context.beginPath();
        context.moveTo(x, y + cell);
        context.lineTo(x + cell, y);
        context.stroke();
      }
    }
  }
  function placeHandle() {
    if (!pad) return;
    paintPad();
    const [across, up] = places().map((place, k) => (place + 0.5) / spec.pad.counts[k]);
    handle.style.left = `calc(${100 * across}% - 22px)`;
    handle.style.top = `calc(${100 * (1 - up)}% - 22px)`;
  }
  if (pad) {
    const set = (event) => {
      const box = map.getBoundingClientRect();
      const share = [(event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height];
      move(share.map((part, k) => Math.floor(part * spec.pad.counts[k])));
    };
    map.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "mouse" && event.target !== handle) return;
      held = dragging = true;
      map.setPointerCapture(event.pointerId);
      if (event.target !== handle) set(event);
    });
    map.addEventListener("pointermove", (event) => held && set(event));
    map.addEventListener("click", (event) => event.target !== handle && set(event));
    for (const type of ["pointerup", "pointercancel"]) {
      map.addEventListener(type, () => {
        if (!held) return;
        held = dragging = false;
        speak();
        address?.note();
      });
    }
    handle.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] }[event.key];
      if (!by) return;
      event.preventDefault();
      event.stopPropagation();  // the theme turns pages with the arrow keys, JupyterLab changes cells
      move(places().map((place, k) => Math.round(place) + by[k]));
      address?.note();
    });
  }

  // ---- The sliders. A finger that goes on to scroll the page has changed nothing.

  for (const control of controls) {
    let before;
    control.addEventListener("pointerdown", () => {
      before = control.value;
      dragging = control.tagName === "INPUT";
    });
    control.addEventListener("pointercancel", () => {
      control.value = before;
      dragging = false;
      draw();
    });
    control.addEventListener("input", draw);
    control.addEventListener("change", () => {
      dragging = false;
      speak();
      address.note();
    });
    control.addEventListener("pointerup", () => { dragging = false; speak(); });
  }
  for (const button of all("[data-preset]")) {
    button.addEventListener("click", () => address.jump(() => {
      controls.forEach((control, k) => { control.value = spec.presets[button.dataset.preset][k]; });
      draw();
    }));
  }
  find(".reset")?.addEventListener("click", () => {
    if (playing) setPlaying(false);
    address.jump(() => {
      for (const control of controls) control.value = control.defaultValue ?? 0;  // of a choice the first option
      if (scrub) scrub.value = last;
      forget();
      draw();
    });
  });

  // ---- What Python sends when a slider of the kernel has moved.

  let newest = 0;
  async function take() {
    const own = ++newest, loaded = await load(model.get("spec"));
    if (own !== newest) return;
    ({ spec, columns, words } = loaded);
    if (!held) heldAt = null;
    draw();
  }
  model?.on("change:spec", take);
  model?.on("change:step", showStep);

  // ---- Sizes follow the page, the colours of the pad the theme.

  const sizes = new ResizeObserver(measure), themes = new MutationObserver(placeHandle);
  all(".panel").forEach((panel) => sizes.observe(panel));
  for (const element of [document.documentElement, document.body]) themes.observe(element, { attributes: true });

  if (board) board.style.visibility = "visible";
  draw();
  address?.read();
  return () => {
    newest++;
    clearTimeout(speaking);
    sizes.disconnect();
    themes.disconnect();
    model?.off("change:spec", take);
    model?.off("change:step", showStep);
  };
}
