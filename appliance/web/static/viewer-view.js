// One slice on a canvas: its window, its zoom, and where each of its points is on the screen.
// A point of a slice is [column, row] in pixels, counted from the upper left corner of the upper left pixel.

const DEEPEST = 10;
const DENSEST = 2;

export class View {
  constructor(canvas, about) {
    this.canvas = canvas;
    this.about = about;
    this.context = canvas.getContext("2d", { alpha: false });
    this.sheet = document.createElement("canvas");
    this.sheet.width = about.columns;
    this.sheet.height = about.rows;
    this.paper = this.sheet.getContext("2d", { alpha: false });
    this.image = this.paper.createImageData(about.columns, about.rows);
    this.colours = new Uint32Array(this.image.data.buffer);
    this.table = new Uint32Array(256);
    this.width = this.height = 1;
    this.fit();
  }

  // Grey of each level, as opaque pixels; the same sum as the one the network's input is made with.
  setWindow(width, level) {
    this.about.levels.forEach((hu, index) => {
      const grey = Math.round(Math.min(255, Math.max(0, ((hu - (level - width / 2)) * 255) / width)));
      this.table[index] = (0xff000000 | (grey << 16) | (grey << 8) | grey) >>> 0;
    });
  }

  show(pixels) {
    const { table, colours } = this;
    for (let i = 0; i < pixels.length; i++) colours[i] = table[pixels[i]];
    this.paper.putImageData(this.image, 0, 0);
  }

  resize() {
    const box = this.canvas.getBoundingClientRect();
    this.width = box.width || 1;
    this.height = box.height || 1;
    this.density = Math.min(window.devicePixelRatio || 1, DENSEST);
    this.canvas.width = Math.round(this.width * this.density);
    this.canvas.height = Math.round(this.height * this.density);
    this.hold();
  }

  draw() {
    const { context, density } = this;
    const [x, y] = this.scale();
    const [left, top] = this.toScreen([0, 0]);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "#000";
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    context.setTransform(density * x, 0, 0, density * y, density * left, density * top);
    context.drawImage(this.sheet, 0, 0);
  }

  // Screen pixels for each column and each row: a millimetre is as long both ways.
  scale() {
    const { rows, columns, spacing_mm: [down, across] } = this.about;
    const whole = Math.min(this.width / (columns * across), this.height / (rows * down));
    return [whole * this.zoom * across, whole * this.zoom * down];
  }

  toScreen([column, row]) {
    const [x, y] = this.scale();
    return [this.width / 2 + (column - this.centre[0]) * x, this.height / 2 + (row - this.centre[1]) * y];
  }

  toSlice([left, top]) {
    const [x, y] = this.scale();
    return [this.centre[0] + (left - this.width / 2) / x, this.centre[1] + (top - this.height / 2) / y];
  }

  fit() {
    this.zoom = 1;
    this.centre = [this.about.columns / 2, this.about.rows / 2];
  }

  // Zoom so that what lies under a point of the screen stays there.
  zoomAt(factor, at) {
    const fixed = this.toSlice(at);
    this.zoom = Math.min(DEEPEST, Math.max(1, this.zoom * factor));
    const now = this.toSlice(at);
    this.centre = [this.centre[0] + fixed[0] - now[0], this.centre[1] + fixed[1] - now[1]];
    this.hold();
  }

  pan(left, top) {
    const [x, y] = this.scale();
    this.centre = [this.centre[0] - left / x, this.centre[1] - top / y];
    this.hold();
  }

  // The slice may be larger than the screen, but not leave it.
  hold() {
    const [x, y] = this.scale();
    const within = (value, size, shown) =>
      shown >= size ? size / 2 : Math.min(size - shown / 2, Math.max(shown / 2, value));
    const { rows, columns } = this.about;
    this.centre = [within(this.centre[0], columns, this.width / x), within(this.centre[1], rows, this.height / y)];
  }

  // Length of a line between two points in millimetres.
  length([a, b], [c, d]) {
    const [down, across] = this.about.spacing_mm;
    return Math.hypot((c - a) * across, (d - b) * down);
  }
}
