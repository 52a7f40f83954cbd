// The viewer of the verdict's series: begins when its part of the page is there and its slices are rendered.

import { listen } from "./viewer-input.js";
import { Ruler } from "./viewer-ruler.js";
import { Slices } from "./viewer-slices.js";
import { View } from "./viewer-view.js";

const WAIT_MS = 400;
const LEAP_MM = 10;
const STRIDE_PX = [2, 24];
const CLOSER = 2.5;

const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const clamp = (value, lowest, highest) => Math.min(highest, Math.max(lowest, value));

class Viewer {
  constructor(section, about) {
    this.section = section;
    this.about = about;
    this.texts = section.dataset;
    this.count = about.slices;
    this.wanted = about.opens_at;
    this.shown = -1;
    this.pointed = null;
    this.stage = section.querySelector(".stage");
    this.slider = section.querySelector("input");
    this.buttons = [...section.querySelectorAll("[data-width]")];
    this.over = Object.fromEntries([...section.querySelectorAll("[data-over]")].map((one) => [one.dataset.over, one]));
    const along = Math.abs(about.positions_mm[this.count - 1] - about.positions_mm[0]);
    this.leap = Math.max(1, Math.round((LEAP_MM * (this.count - 1)) / (along || 1)));
    this.view = new View(section.querySelector("canvas"), about);
    this.ruler = new Ruler(section.querySelector(".ruler"), this.view);
    const arrived = (index) => index === this.wanted && this.due(true);
    this.slices = new Slices(section.dataset.slices, about, arrived, () => fail(section));
  }

  begin() {
    this.slider.max = this.count;
    for (const [side, letter] of Object.entries(this.about.edges)) {
      this.section.querySelector(`[data-edge=${side}]`).textContent = letter;
    }
    this.markZones();
    this.useWindow(0);
    this.go(this.wanted);
    listen(this, this.stage, this.section);
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value) - 1));
    this.buttons.forEach((button, index) => button.addEventListener("click", () => this.useWindow(index)));
    const acts = {
      in: () => this.zoom(1.25),
      out: () => this.zoom(0.8),
      fit: () => this.wholeSlice(),
      measure: () => {
        this.measure(!this.measuring);
        if (this.measuring) this.slider.focus({ preventScroll: true });  // Enter sets points now
      },
    };
    for (const button of this.section.querySelectorAll("[data-act]")) {
      button.addEventListener("click", acts[button.dataset.act]);
    }
    document.addEventListener("click", (event) => this.zonePicture(event));
  }

  // The first slice is here: the canvas takes the place of the picture that stood in for it.
  unveil() {
    for (const part of this.section.querySelectorAll("canvas, .over, .way, .tools")) part.hidden = false;
    this.section.querySelector(".meanwhile").remove();
    this.section.querySelector("[role=status]").hidden = true;
    this.section.dataset.state = "shown";
    new ResizeObserver(() => { this.view.resize(); this.due(); }).observe(this.stage);
    this.view.resize();
    setTimeout(() => this.slices.begin());
  }

  // Paint with the next frame; however much happens before it, once.
  due(anew = false) {
    this.anew = this.anew || anew;
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => { this.frame = 0; this.paint(); });
  }

  paint() {
    const pixels = this.slices.get(this.wanted);
    if (pixels && (this.anew || this.shown !== this.wanted)) {
      if (this.shown < 0) this.unveil();
      this.shown = this.wanted;
      this.view.show(pixels);
      this.anew = false;
    }
    if (this.shown < 0) return;
    this.view.draw();
    this.ruler.draw(this.shown);
    this.say();
  }

  // Everything written over the picture is of the slice that is shown, not of one that is still on its way.
  say() {
    const mm = this.about.positions_mm[this.shown].toFixed(1);
    const text = filled(this.texts.textSlice, { slice: this.shown + 1, total: this.count, mm });
    put(this.over.slice, `${this.shown + 1} / ${this.count}\n${mm} mm`);
    this.slider.setAttribute("aria-valuetext", text);
    const length = this.ruler.length(this.shown);
    const written = length === null ? "" : filled(this.texts.textLength, { mm: length.toFixed(1) });
    put(this.over.length, written);
    put(this.section.querySelector("output"), this.ruler.points.length === 2 ? written : "");
    put(this.over.value, this.value());
    put(this.over.undecodable, this.about.undecodable?.includes(this.shown) ? this.texts.textUndecodable : "");
    this.zones.forEach((button, index) => {
      const { first, last } = this.about.zones[index];
      button.setAttribute("aria-current", String(first <= this.shown && this.shown <= last));
    });
    this.stage.classList.toggle("zoomed", this.zoomed);
    this.stage.classList.toggle("measuring", this.measuring);
  }

  // Hounsfield units of the pixel under the pointer, with what the levels leave open.
  value() {
    const pixels = this.slices.get(this.shown);
    if (!this.pointed || !pixels) return "";
    const [column, row] = this.view.toSlice(this.pointed).map(Math.floor);
    if (column < 0 || row < 0 || column >= this.about.columns || row >= this.about.rows) return "";
    const level = pixels[row * this.about.columns + column];
    const { levels } = this.about;
    const hu = levels[level];
    const error = Math.max(hu - (levels[level - 1] ?? hu), (levels[level + 1] ?? hu) - hu) / 2;
    return filled(error > 0.5 ? this.texts.textRough : this.texts.textValue, { hu, error: Math.ceil(error) });
  }

  markZones() {
    const marks = this.section.querySelector(".zone-marks");
    const strongest = Math.max(...this.about.zones.map((zone) => zone.probability));
    this.zones = this.about.zones.map((zone, index) => {
      const button = document.createElement("button");
      const score = zone.probability.toFixed(2);
      button.type = "button";
      button.className = zone.probability === strongest ? "highest" : "";
      button.setAttribute("aria-label", filled(this.texts.textZone, { zone: index + 1, score }));
      button.style.setProperty("--from", (zone.first - 0.5) / Math.max(1, this.count - 1));
      button.style.setProperty("--to", (zone.last + 0.5) / Math.max(1, this.count - 1));
      button.style.setProperty("--score", zone.probability);
      const [number, written] = [document.createElement("b"), document.createElement("span")];
      number.textContent = index + 1;
      written.textContent = score;
      button.append(number, written);
      button.addEventListener("click", () => this.go(zone.slice));
      return button;
    });
    marks.replaceChildren(...this.zones);
  }

  // A click on a picture of the evidence goes to its slice, unless a new tab or window was asked for.
  zonePicture(event) {
    const link = event.target.closest("a[data-zone]");
    const zone = link && this.about.zones[Number(link.dataset.zone) - 1];
    if (!zone || this.shown < 0 || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.go(zone.slice);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.section.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
    this.slider.focus({ preventScroll: true });
  }

  go(index) {
    this.wanted = clamp(index, 0, this.count - 1);
    this.slider.value = this.wanted + 1;
    this.slices.look(this.wanted);
    this.due();
  }

  step(slices) {
    this.go(this.wanted + slices);
  }

  get stride() {
    return clamp((this.view.height * 0.8) / this.count, ...STRIDE_PX);
  }

  get zoomed() {
    return this.view.zoom > 1;
  }

  get measuring() {
    return this.ruler.on;
  }

  useWindow(index) {
    const { width, level } = this.buttons[index].dataset;
    this.buttons.forEach((button, other) => button.setAttribute("aria-pressed", String(other === index)));
    this.view.setWindow(Number(width), Number(level));
    put(this.over.window, filled(this.texts.textWindow, { width, level }));
    this.due(true);
  }

  zoom(factor, at = [this.view.width / 2, this.view.height / 2]) {
    this.view.zoomAt(factor, at);
    this.due();
  }

  toggleZoom(at) {
    if (this.zoomed) this.wholeSlice();
    else this.zoom(CLOSER, at);
  }

  wholeSlice() {
    this.view.fit();
    this.due();
  }

  pan(left, top) {
    this.view.pan(left, top);
    this.due();
  }

  point(at) {
    this.pointed = at;
    if (this.measuring && at) this.ruler.float(this.view.toSlice(at), this.shown);
    this.due();
  }

  measure(on) {
    this.ruler.toggle(on);
    this.section.querySelector(".measure").setAttribute("aria-pressed", String(on));
    for (const part of this.section.querySelectorAll("[data-hint], output")) part.hidden = !on;
    this.due();
  }

  // Set an end of the line at a point of the screen, or where the cross is; perhaps the first of a new line.
  mark(at, anew = false) {
    if (!this.measuring || (!at && !this.ruler.aim)) return false;
    if (at) this.ruler.aim = null;
    if (anew) this.ruler.clear();
    this.ruler.set(at ? this.view.toSlice(at) : [...this.ruler.aim], this.shown);
    this.due();
    return true;
  }

  unmark() {
    this.ruler.clear();
    this.due();
  }

  aim(columns, rows) {
    this.ruler.move(columns, rows);
    this.due();
  }
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

async function begin(section) {
  // from here on the part is this script's; the page's own refresh leaves it alone
  section.closest("[data-live]").removeAttribute("data-live");
  section.hidden = false;
  if (section.dataset.about) return new Viewer(section, JSON.parse(section.dataset.about)).begin();
  while (section.isConnected) {
    try {
      const answer = await fetch(section.dataset.document);
      if (answer.status === 200) {
        const viewer = new Viewer(section, await answer.json());
        viewer.begin();
        return;
      }
      if (answer.status === 404) break;
    } catch (error) {
      // the appliance does not answer; it is asked again
    }
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  }
  fail(section);
}

function fail(section) {
  section.querySelector("[role=status]").hidden = false;
  section.querySelector("[data-note=preparing]").hidden = true;
  section.querySelector("[data-note=failed]").hidden = false;
}

function look() {
  const section = document.querySelector("section.viewer:not([data-begun])");
  if (!section) return;
  section.toggleAttribute("data-begun", true);
  begin(section);
}

look();
const room = document.getElementById("series");
if (room) new MutationObserver(look).observe(room, { childList: true });
