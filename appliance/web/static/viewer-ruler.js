// Measuring: two points of one slice, the line between them, and a cross that the arrow keys move.

export class Ruler {
  constructor(drawing, view) {
    this.drawing = drawing;
    this.view = view;
    this.lines = drawing.querySelectorAll("line");
    this.ends = drawing.querySelectorAll("circle");
    this.cross = drawing.querySelector("path");
    this.on = false;
    this.clear();
  }

  clear() {
    this.points = [];
    this.floating = null;
    this.aim = null;
    this.slice = -1;
  }

  toggle(on) {
    this.on = on;
    this.clear();
  }

  // Set a point; a third begins anew.
  set(point, slice) {
    if (this.points.length === 2 || slice !== this.slice) this.points = [];
    this.slice = slice;
    this.points.push(point);
    this.floating = null;
  }

  float(point, slice) {
    this.floating = this.points.length === 1 && slice === this.slice ? point : null;
  }

  move(columns, rows) {
    const { columns: width, rows: height } = this.view.about;
    const [column, row] = this.aim || [width / 2, height / 2];
    this.aim = [Math.min(width, Math.max(0, column + columns)), Math.min(height, Math.max(0, row + rows))];
  }

  // The two ends on this slice: set ones, or the second still following the pointer or the cross.
  pair(slice) {
    if (!this.on || slice !== this.slice) return null;
    const second = this.points[1] || this.floating || this.aim;
    return this.points.length && second ? [this.points[0], second] : null;
  }

  length(slice) {
    const pair = this.pair(slice);
    return pair ? this.view.length(...pair) : null;
  }

  draw(slice) {
    this.drawing.toggleAttribute("hidden", !this.on);
    if (!this.on) return;
    const pair = this.pair(slice);
    const [from, to] = pair ? pair.map((point) => this.view.toScreen(point)) : [];
    for (const line of this.lines) {
      line.toggleAttribute("hidden", !pair);
      if (pair) put(line, { x1: from[0], y1: from[1], x2: to[0], y2: to[1] });
    }
    const shown = slice === this.slice ? this.points : [];
    this.ends.forEach((end, index) => {
      end.toggleAttribute("hidden", !shown[index]);
      if (!shown[index]) return;
      const [cx, cy] = this.view.toScreen(shown[index]);
      put(end, { cx, cy });
    });
    this.cross.toggleAttribute("hidden", !this.aim);
    if (this.aim) {
      const [x, y] = this.view.toScreen(this.aim);
      put(this.cross, { d: `M${x - 14} ${y}h10m8 0h10M${x} ${y - 14}v10m0 8v10` });
    }
  }
}

function put(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
}
