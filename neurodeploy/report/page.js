"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const root = document.documentElement;
const options = { renderer: "svg", actions: false, ast: false };

function theme(dark) {
  root.dataset.theme = dark ? "dark" : "light";
  const button = document.getElementById("theme");
  button.setAttribute("aria-pressed", String(dark));
  button.textContent = dark ? "Light" : "Dark";
  button.setAttribute("aria-label", dark ? "Switch to light" : "Switch to dark");
  document.dispatchEvent(new Event("recolour"));
}

const wish = matchMedia("(prefers-color-scheme: dark)");
theme(wish.matches);
wish.addEventListener("change", event => theme(event.matches));
document.getElementById("theme").addEventListener("click", () => theme(root.dataset.theme !== "dark"));

function bytes(text) {
  return text ? Uint8Array.from(atob(text), letter => letter.charCodeAt(0)) : null;
}

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// Charts have sizes in pixels; they grow with the text of the page.
const SIZES = new Set(["fontSize", "labelFontSize", "titleFontSize", "titlePadding", "labelLimit"]);
const larger = parseFloat(getComputedStyle(document.body).fontSize) / 16;

function grown(value, name) {
  if (typeof value === "number") return SIZES.has(name) ? value * larger : value;
  if (value === null || typeof value !== "object" || name === "values") return value;
  if (Array.isArray(value)) return value.map(each => grown(each));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, grown(each, key)]));
}

async function chart(place, spec, alt) {
  const height = spec.height * larger, description = alt || spec.description;
  const made = await vegaEmbed(place, { ...grown(spec), height, config: grown(data.config), description }, options);
  return made.view;
}

function colours() {
  const style = getComputedStyle(root), rgb = name => {
    const hex = style.getPropertyValue(name).trim();
    return [1, 3, 5].map(at => parseInt(hex.slice(at, at + 2), 16));
  };
  return [rgb("--paper"), rgb("--ink")];
}

function draw(canvas, pixels, [height, width]) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d"), image = context.createImageData(width, height);
  const [paper, ink] = colours();
  for (let at = 0; at < width * height; at++) {
    const share = pixels[at] / 255;
    for (let c = 0; c < 3; c++) image.data[4 * at + c] = Math.round(paper[c] + share * (ink[c] - paper[c]));
    image.data[4 * at + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

function decoded(sample, run) {
  if (sample.ready) return sample.ready;
  const ready = { probabilities: bytes(sample.probabilities), original: bytes(sample.original),
    images: bytes(sample.images), seen: bytes(sample.seen), spikes: [] };
  sample.spikes.forEach((text, at) => {
    const packed = bytes(text), { rows, neurons } = run.layers[at], found = [];
    for (let row = 0; row < rows; row++) for (let t = 0; t < run.steps; t++) {
      const bit = row * run.steps + t;
      if (packed[bit >> 3] >> (7 - (bit & 7)) & 1)
        found.push({ t: t + 1, n: rows === neurons ? row : Math.round(row * (neurons - 1) / (rows - 1)) });
    }
    ready.spikes.push(found);
  });
  return sample.ready = ready;
}

function name(run, at) { return at < 0 ? "nothing" : run.classes[at]; }

function likeliest(run, ready, step) {
  const count = run.classes.length, from = (step - 1) * count;
  let best = 0;
  for (let at = 1; at < count; at++) if (ready.probabilities[from + at] > ready.probabilities[from + best]) best = at;
  return [best, ready.probabilities[from + best] / 255];
}

function title(run, sample) {
  const asked = sample.asked ? `, is ${name(run, sample.asked[run.steps - 1])}` : "";
  const said = sample.asked ? `, read as ${name(run, likeliest(run, decoded(sample, run), run.steps)[0])}` : "";
  return `Sample ${sample.index}${asked}${said}`;
}

function part(run, pixels, step, shape) {
  const size = shape[0] * shape[1];
  return pixels.subarray((step - 1) * size, step * size);
}

class Player {
  constructor(place, run) {
    Object.assign(this, { place, run, step: run.steps, sample: run.shown[0], listeners: [], views: {}, timer: 0 });
    this.samples = [...run.shown, ...run.failures];
  }

  async build() {
    const { run, place } = this, id = `step-${place.dataset.run}`;
    this.select = element("select", { id: `${id}-sample` });
    const groups = [["Some of each class", run.shown], ["Read wrongly", run.failures]];
    let at = 0;
    for (const [label, samples] of groups) {
      if (!samples.length) continue;
      const group = element("optgroup", { label });
      for (const sample of samples) group.append(element("option", { value: at++ }, title(run, sample)));
      this.select.append(group);
    }
    this.slider = element("input", { type: "range", min: 1, max: run.steps, value: this.step, id });
    this.play = element("button", { type: "button" }, "Play");
    this.output = element("output", { for: id });
    this.says = element("p", { class: "says", "aria-live": "polite" });
    const slide = element("div", { class: "slide" }, element("label", { for: id }, "Time step"), this.slider);
    place.append(element("div", { class: "controls" },
      element("div", { class: "pick" }, element("label", { for: `${id}-sample` }, "Sample"), this.select),
      this.play, slide, this.output), this.says);
    this.pictures = element("div", { class: "pictures" });
    const right = element("div"), stage = element("div", { class: "stage" }, this.pictures, right);
    if (run.input) this.seen = this.picture("input spikes so far");
    if (run.image) { this.image = this.picture("made of the spikes so far"); this.original = this.picture("original"); }
    if (run.charts.answer) {
      if (!this.pictures.children.length) stage.style.gridTemplateColumns = "minmax(0, 1fr)";
      place.append(stage);
      await this.add("answer", right);
      await this.add("course", place);
    } else place.append(stage);
    for (let layer = 0; layer < run.layers.length; layer++) await this.add(`raster-${layer}`, place);
    const thinned = run.layers.filter(layer => layer.rows < layer.neurons).map(layer => `${layer.name}: ${layer.rows} of ${layer.neurons}`);
    place.append(element("p", { class: "note" }, "Spikes by neuron and step; pale ones are still to come." +
      (thinned.length ? ` Neurons shown, evenly chosen: ${thinned.join(", ")}.` : "")));
    this.select.addEventListener("change", () => this.pick(this.samples[this.select.value]));
    this.slider.addEventListener("input", () => this.go(+this.slider.value));
    this.play.addEventListener("click", () => this.toggle());
    document.addEventListener("recolour", () => this.go(this.step));
    await this.pick(this.sample);
  }

  picture(caption) {
    const canvas = element("canvas", { role: "img" });
    this.pictures.append(element("figure", { class: "picture" }, canvas, element("figcaption", {}, caption)));
    return canvas;
  }

  async add(key, place) {
    const box = element("div", { class: "chart", id: `${key}-${this.place.dataset.run}` });
    place.append(box);
    this.views[key] = await chart(box, this.run.charts[key]);
  }

  toggle() {
    if (this.timer) { clearInterval(this.timer); this.timer = 0; this.play.textContent = "Play"; return; }
    if (this.step >= this.run.steps) this.go(1);
    this.play.textContent = "Pause";
    this.timer = setInterval(() => this.step < this.run.steps ? this.go(this.step + 1) : this.toggle(), 250);
  }

  async pick(sample) {
    this.sample = sample;
    this.select.value = this.samples.indexOf(sample);
    const ready = decoded(sample, this.run), { run } = this;
    const done = run.layers.map((_, at) => this.views[`raster-${at}`].data("spikes", ready.spikes[at]).runAsync());
    if (this.views.answer) {
      done.push(this.views.answer.data("said", this.said(ready)).resize().runAsync());
      done.push(this.views.course.data("course", this.course(ready)).runAsync());
    }
    await Promise.all(done);
    await this.go(this.step);
  }

  said(ready) {
    const { run, sample } = this, count = run.classes.length, peaks = new Array(count).fill(0), rows = [];
    ready.probabilities.forEach((p, at) => { peaks[at % count] = Math.max(peaks[at % count], p); });
    let kept = [...peaks.keys()];
    if (count > 2 * run.most) {
      kept.sort((one, other) => peaks[other] - peaks[one]);
      const asked = sample.asked[run.steps - 1];
      kept = [...new Set([...(asked >= 0 ? [asked] : []), ...kept])].slice(0, run.most).sort((a, b) => a - b);
    }
    for (let t = 0; t < run.steps; t++) for (const at of kept)
      rows.push({ t: t + 1, order: at, name: run.classes[at], p: ready.probabilities[t * count + at] / 255, asked: sample.asked[t] === at });
    return rows;
  }

  course(ready) {
    const { run, sample } = this, count = run.classes.length, rows = [];
    for (let t = 0; t < run.steps; t++) {
      const asked = sample.asked[t], all = [...ready.probabilities.subarray(t * count, (t + 1) * count)];
      if (asked >= 0) rows.push({ t: t + 1, who: "asked for", p: all[asked] / 255 });
      rows.push({ t: t + 1, who: "likeliest other", p: Math.max(0, ...all.filter((_, at) => at !== asked)) / 255 });
    }
    return rows;
  }

  async go(step) {
    this.step = step;
    this.slider.value = step;
    const { run, sample } = this, ready = decoded(sample, run), last = ready.spikes[run.layers.length - 1];
    this.output.textContent = `${step} of ${run.steps}`;
    this.slider.setAttribute("aria-valuetext", `step ${step} of ${run.steps}`);
    const sent = last.filter(spike => spike.t <= step).length;
    let words = `After step ${step}: ${sent} readout spikes so far`;
    if (ready.probabilities) {
      const [best, p] = likeliest(run, ready, step), asked = sample.asked[step - 1];
      words += `. It says ${name(run, best)} with ${Math.round(100 * p)} %`;
      if (asked >= 0) words += asked === best ? ", which is right" : `; it is ${name(run, asked)}`;
    }
    this.says.textContent = `${words}.`;
    if (this.seen) {
      draw(this.seen, part(run, ready.seen, step, run.input), run.input);
      this.seen.setAttribute("aria-label", `Input spikes up to step ${step}, as an image; darker pixels spiked more often`);
    }
    if (this.image) {
      draw(this.image, part(run, ready.images, step, run.image), run.image);
      draw(this.original, ready.original, run.image);
      this.image.setAttribute("aria-label", `What the decoder makes of the spikes up to step ${step}`);
      this.original.setAttribute("aria-label", "The original image");
    }
    for (const listen of this.listeners) listen(step);
    await Promise.all(Object.values(this.views).map(view => view.signal("step", step).runAsync()));
  }
}

function gallery(place, player) {
  const { run } = player;
  const groups = [["Some of each class", run.image ? run.shown : []], ["Read wrongly", run.failures]];
  for (const [label, samples] of groups) {
    if (!samples.length) continue;
    const list = element("ul", { class: "grid" });
    place.append(element("h3", {}, label), list);
    for (const sample of samples) {
      const button = element("button", { type: "button" }), ready = decoded(sample, run);
      const shape = run.image || run.input;
      if (shape) {
        const one = element("canvas", { "aria-hidden": "true" }), other = element("canvas", { "aria-hidden": "true" });
        button.append(element("span", { class: "two" }, one, other));
        const paint = step => {
          draw(one, run.image ? ready.original : part(run, ready.seen, run.steps, shape), shape);
          draw(other, part(run, run.image ? ready.images : ready.seen, step, shape), shape);
        };
        player.listeners.push(paint);
        paint(player.step);
      }
      button.append(title(run, sample));
      button.addEventListener("click", () => {
        player.pick(sample);
        player.slider.focus();
        player.place.scrollIntoView();
      });
      list.append(element("li", {}, button));
    }
  }
}

async function start() {
  const players = {};
  for (const place of document.querySelectorAll(".player")) {
    const run = data.runs[place.dataset.run];
    if (!run.shown.length) continue;
    players[place.dataset.run] = new Player(place, run);
    await players[place.dataset.run].build();
  }
  for (const place of document.querySelectorAll(".gallery"))
    if (players[place.dataset.run]) gallery(place, players[place.dataset.run]);
  for (const [at, spec] of data.charts.entries()) {
    const place = document.getElementById(`chart-${at}`);
    await chart(place, spec, place.dataset.alt);
  }
  root.dataset.ready = "yes";
}

start();
