// The static life of an explorable: no server, no library. Python has computed what every setting of the
// sliders shows; this looks up the setting and draws it.
(async (script) => {
  const figure = script.closest("figure");
  const spec = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
  const controls = [...figure.querySelectorAll("[data-control]")];
  const moving = [...figure.querySelectorAll("[data-mark]")];
  const readout = figure.querySelector(".readout");

  const packed = Uint8Array.from(atob(spec.packed), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const columns = spec.columns.map(unpack);
  const words = JSON.parse(new TextDecoder().decode(bytes.subarray(spec.words)));

  // A column holds `points` numbers for each of its settings, as second differences whose bytes lie in four planes.
  function unpack({ start, points, settings }) {
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

  const at = (column, setting, point) =>
    column.values[(column.settings === 1 ? 0 : setting) * column.points + (column.points === 1 ? 0 : point)] / 10;

  // How a shape is redrawn, each by the rule of the `svg` in optim/marks.py that drew it first.
  const shapes = {
    line: path((x, y, i) => `${i ? "L" : "M"}${x} ${y}`),
    dots: path((x, y) => `M${x} ${y}h0`),
    bars: path((x, y, i, { width, floor }) => `M${x - width / 2} ${floor}V${y}h${width}V${floor}Z`),
    text: (element, mark, x, y, setting) => {
      element.setAttribute("x", at(x, setting, 0));
      element.setAttribute("y", at(y, setting, 0));
      element.textContent = words[mark.words][setting];
    },
  };

  function path(piece) {
    return (element, mark, x, y, setting) => {
      let d = "";
      for (let i = 0; i < Math.max(x.points, y.points); i++) d += piece(at(x, setting, i), at(y, setting, i), i, mark);
      element.setAttribute("d", d);
    };
  }

  function draw() {
    let setting = 0;
    let background = 0;
    for (const control of controls) {
      setting = setting * control.dataset.positions + Number(control.value);
      if (control.tagName === "SELECT") {
        background = background * control.dataset.positions + Number(control.value);
        continue;
      }
      const words = JSON.parse(control.dataset.words)[control.value];
      control.setAttribute("aria-valuetext", words);
      control.nextElementSibling.value = words;
    }
    for (const element of moving) {
      const mark = spec.marks[element.dataset.mark];
      shapes[element.dataset.shape](element, mark, columns[mark.x], columns[mark.y], setting);
    }
    if (readout) readout.textContent = spec.readouts.map((n) => words[n][setting]).join(" ");
    for (const image of figure.querySelectorAll("[data-background]")) image.hidden = Number(image.dataset.background) !== background;
  }

  for (const control of controls) control.addEventListener("input", draw);
  figure.querySelector("form").addEventListener("reset", () => setTimeout(draw));
  figure.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  figure.querySelector("form").style.visibility = "visible";
  draw();
})(document.currentScript);
