"use strict";

const COLUMNS = 96; // steps that a raster shows
const at = (id) => document.getElementById(id);
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const socket = new WebSocket(`ws://${location.host}/view`);
const ask = (message) => {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
};

let hello = null;
let state = { playing: false, thresholds: {}, silenced: [] };
let recent = []; // the last steps, oldest first
let heard = null; // input spikes of this sample, by feature
let original = []; // the picture of this sample
let drawing = false;
const rasters = []; // {canvas, features, of: spikes of a frame, layer}

socket.onmessage = (event) => {
  const said = JSON.parse(event.data);
  ({ hello: begin, frame: show, state: control, error: complain })[said.type](said);
};
socket.onclose = () => {
  state.playing = false;
  at("play").disabled = at("step").disabled = true;
  at("note").textContent = "The connection is closed: the view has ended, or as many pages are open as may be. Reload to try again.";
};

function begin(said) {
  hello = said;
  const task = said.task ? `${said.task}: ` : "";
  at("what").textContent = `${task}${said.source}, ${said.steps} steps a sample`;
  const host = said.host === null ? "no decoder, so no host" : `host: ${said.host}`;
  at("basis").textContent = `Counted operations at published figures of ${said.device}; ${host}. Never a measurement.`;
  for (const part of document.querySelectorAll(".of-host")) part.hidden = said.host === null;
  addRaster("input", said.input_shape.reduce((a, b) => a * b), (frame) => frame.input, null);
  said.layers.forEach((layer, index) => {
    addRaster(layer.name, layer.features, (frame) => frame.layers[index], { ...layer, index });
    if (layer.threshold !== null) addThreshold(layer, index);
  });
  at("noise-label").hidden = !said.noisy;
  at("picture-figure").hidden = !said.image;
  at("original-figure").hidden = !said.original;
  at("asked").hidden = !said.known;
  at("heard-figure").hidden = !heardShape();
  for (let index = 0; index < said.classes; index++) {
    const item = document.createElement("li");
    item.innerHTML = "<span></span><i></i><span></span>";
    item.firstChild.textContent = nameOf(index);
    at("classes").append(item);
  }
  heard = new Float32Array(rasters[0].features);
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) ask({ do: "play" });
  draw();
}

function nameOf(label) {
  return hello.names[label] ?? `${label}`;
}

function addRaster(name, features, of, layer) {
  const box = document.createElement("div");
  box.className = "raster";
  box.innerHTML = `<div class="head"><h3></h3></div><canvas role="img"></canvas>`;
  box.querySelector("h3").textContent = `${name}, ${features}`;
  const canvas = box.querySelector("canvas");
  const height = Math.max(64, Math.min(288, 3 * features));
  canvas.style.height = `${height / 16}rem`;
  if (layer && layer.silences) addSilencing(box, canvas, features, layer);
  rasters.push({ canvas, features, of, layer, name });
  at("rasters").append(box);
}

function addSilencing(box, canvas, features, layer) {
  const number = document.createElement("input");
  Object.assign(number, { type: "number", min: 0, max: features - 1, value: 0 });
  number.setAttribute("aria-label", `Neuron of ${layer.name}`);
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = layer.silences === "channel" ? "Silence its channel" : "Silence";
  button.onclick = () => ask({ do: "silence", layer: layer.index, neuron: Math.round(+number.value) });
  box.querySelector(".head").append(number, button);
  canvas.classList.add("touchable");
  canvas.onclick = (event) => {
    const neuron = Math.floor((event.offsetY / canvas.clientHeight) * features);
    number.value = Math.max(0, Math.min(features - 1, neuron));
    button.click();
  };
  canvas.onmousemove = (event) => {
    canvas.title = `neuron ${Math.floor((event.offsetY / canvas.clientHeight) * features)}`;
  };
}

function addThreshold(layer, index) {
  const label = document.createElement("label");
  label.innerHTML = `<span></span><output></output><input type="range" min="0" step="1">`;
  label.firstChild.textContent = `Threshold of ${layer.name}`;
  const slider = label.querySelector("input");
  slider.max = Math.max(64, 4 * layer.threshold);
  slider.dataset.layer = index;
  slider.setAttribute("aria-label", label.firstChild.textContent); // the label is its output's
  slider.oninput = () => {
    label.querySelector("output").textContent = slider.value;
    ask({ do: "threshold", layer: index, value: +slider.value });
  };
  at("thresholds").append(label);
}

function control(said) {
  state = said;
  at("play").setAttribute("aria-pressed", said.playing);
  at("play").textContent = said.playing ? "Pause" : "Play";
  at("play").disabled = at("step").disabled = said.ended;
  setSlider(at("speed"), said.steps_per_s);
  at("speed-said").textContent = `${said.steps_per_s} steps/s`;
  setSlider(at("noise"), said.noise);
  at("noise-said").textContent = `${Math.round(100 * said.noise)} %`;
  for (const slider of at("thresholds").querySelectorAll("input")) {
    const own = hello.layers[slider.dataset.layer].threshold;
    const value = said.thresholds[slider.dataset.layer] ?? own;
    setSlider(slider, value);
    slider.parentElement.querySelector("output").textContent = value === own ? `${value}` : `${value} (was ${own})`;
  }
  listSilenced(said.silenced);
  const notes = [];
  if (said.pending) notes.push("A change waits for the next sample.");
  if (said.drop) notes.push("The next step will be dropped.");
  if (said.waiting) notes.push("Waiting for the next step of the source.");
  if (said.ended) notes.push("The source has ended.");
  at("note").textContent = notes.join(" ");
  at("wrong").hidden = true;
  draw();
}

function setSlider(slider, value) {
  if (slider !== document.activeElement || !slider.matches(":active")) slider.value = value;
}

function listSilenced(units) {
  at("silenced").replaceChildren(...units.map(([layer, unit]) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = `${hello.layers[layer].name} ${hello.layers[layer].silences} ${unit} ✕`;
    button.setAttribute("aria-label", `Let ${button.textContent.slice(0, -2)} speak again`);
    button.onclick = () => ask({ do: "silence", layer, neuron: unit * hello.layers[layer].unit_features });
    item.append(button);
    return item;
  }));
}

function complain(said) {
  at("wrong").textContent = said.said;
  at("wrong").hidden = false;
}

function show(frame) {
  recent.push(frame);
  recent = recent.slice(-COLUMNS);
  if (frame.step === 0) heard.fill(0);
  if (frame.original.length) original = frame.original;
  for (const place of frame.input) heard[place] += 1;
  draw();
}

function draw() {
  if (drawing || !hello) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    rasters.forEach(drawRaster);
    if (recent.length) drawAnswer(recent[recent.length - 1]);
  });
}

function drawRaster({ canvas, features, of, layer, name }) {
  const scale = window.devicePixelRatio || 1;
  const width = canvas.width = Math.round(canvas.clientWidth * scale);
  const height = canvas.height = Math.round(canvas.clientHeight * scale);
  const pen = canvas.getContext("2d");
  const column = width / COLUMNS, row = height / features;
  pen.fillStyle = color("--line");
  for (const [index, unit] of layer ? state.silenced : []) {
    if (index !== layer.index) continue;
    pen.fillRect(0, unit * layer.unit_features * row, width, Math.max(scale, layer.unit_features * row));
  }
  recent.forEach((frame, index) => {
    const x = index * column;
    if (frame.step === 0) {
      pen.fillStyle = color("--quiet");
      pen.fillRect(x, 0, scale, height);
    }
    pen.fillStyle = color(layer || !frame.dropped ? "--spike" : "--accent");
    if (!layer && frame.dropped) pen.fillRect(x, 0, column, height);
    for (const place of of(frame)) {
      pen.fillRect(x + scale, place * row, Math.max(scale, column - 2 * scale), Math.max(scale, row - (row > 3 * scale ? scale : 0)));
    }
  });
  const last = recent[recent.length - 1];
  canvas.setAttribute("aria-label", `Spikes of ${name}: ${last ? of(last).length : 0} of ${features} in the last step`);
}

function drawAnswer(frame) {
  at("place").textContent = `sample ${frame.sample}, step ${frame.step + 1} of ${hello.steps}`;
  const sure = frame.label === null ? "" : `${nameOf(frame.label)}, ${Math.round(100 * frame.confidence)} % sure`;
  const silent = hello.host === null ? "no decoder: the spikes are all there is" : "no class is asked for";
  at("answer").textContent = sure || (hello.classes ? "nothing heard yet" : silent);
  at("asked").textContent = askedFor(frame);
  if (hello.original) {
    drawPicture(at("original"), hello.original, original);
    at("original").setAttribute("aria-label", `Original of sample ${frame.sample}`);
  }
  [...at("classes").children].forEach((item, index) => {
    const share = frame.label === null ? 0 : frame.classes[index];
    item.classList.toggle("most", index === frame.label);
    item.children[1].style.width = `${100 * share}%`;
    item.lastChild.textContent = frame.label === null ? "" : `${(100 * share).toFixed(1)} %`;
  });
  if (hello.image) {
    drawPicture(at("picture"), hello.image, frame.image);
    at("picture").setAttribute("aria-label", `Picture decoded after step ${frame.step + 1}`);
    at("picture-said").textContent = frame.heard ? "decoded picture" : "decoded of silence";
  }
  const shape = heardShape();
  if (shape) {
    const most = Math.max(1, ...heard);
    drawPicture(at("heard"), shape, Array.from(heard, (count) => (255 * count) / most));
    at("heard").setAttribute("aria-label", `Input spikes so far, ${frame.step + 1} steps`);
  }
  at("chip").textContent = joules(frame.chip_j);
  at("host").textContent = joules(frame.host_j);
}

function askedFor(frame) {
  if (frame.asked === null) return "no class is asked for here";
  const said = `asked for: ${nameOf(frame.asked)}`;
  if (frame.label === null) return said;
  return frame.label === frame.asked ? `${said}, right ✓` : `${said}, wrong ✗`;
}

function heardShape() {
  const shape = hello.input_shape;
  if (shape.length === 3) return [shape[0] * shape[1], shape[2]];
  const side = Math.round(Math.sqrt(shape[0]));
  return shape.length === 1 && side > 3 && side * side === shape[0] ? [side, side] : null;
}

function drawPicture(canvas, [height, width], bytes) {
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext("2d");
  const picture = pen.createImageData(width, height);
  bytes.forEach((byte, index) => {
    picture.data.set([byte, byte, byte, 255], 4 * index);
  });
  pen.putImageData(picture, 0, 0);
}

function joules(value) {
  if (!value) return "0 J";
  const prefixes = ["", "m", "µ", "n", "p", "f"];
  const power = Math.min(5, Math.max(0, Math.ceil(-Math.log10(value) / 3)));
  return `${(value * 1000 ** power).toPrecision(3)} ${prefixes[power]}J`;
}

at("play").onclick = () => ask({ do: state.playing ? "pause" : "play" });
at("step").onclick = () => ask({ do: "step" });
at("restart").onclick = () => ask({ do: "restart" });
at("drop").onclick = () => ask({ do: "drop" });
at("back").onclick = () => ask({ do: "put back" });
at("speed").oninput = (event) => ask({ do: "speed", value: +event.target.value });
at("noise").oninput = (event) => ask({ do: "noise", value: +event.target.value });
matchMedia("(prefers-color-scheme: dark)").onchange = draw;
window.onresize = draw;
// What a pointer has moved gives the keys back; what the keyboard has reached keeps them.
for (const kind of ["click", "change"]) {
  window.addEventListener(kind, (event) => {
    if (event.target.matches("button, input[type=range]") && !event.target.matches(":focus-visible")) event.target.blur();
  });
}
window.onkeydown = (event) => {
  const inField = event.target.matches("input");
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.code === "Space" && !inField && !event.target.matches("button")) {
    event.preventDefault();
    at("play").click();
  } else if (event.code === "ArrowRight" && !inField) {
    event.preventDefault();
    at("step").click();
  }
};
