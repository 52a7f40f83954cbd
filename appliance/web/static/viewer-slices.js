// The slices of a series: fetched nearest first, kept in memory up to a bound.

const AT_ONCE = 6;
const KEEP_BYTES = 160e6;
const AGAIN_MS = 1000;

export class Slices {
  // address: what comes before a slice's number; about: the series' document; arrived: told the index of each slice;
  // gone: told when the appliance has the series no more
  constructor(address, about, arrived, gone) {
    this.address = address;
    this.gone = gone;
    this.ended = false;
    this.count = about.slices;
    this.size = about.rows * about.columns;
    this.arrived = arrived;
    this.kept = new Map();
    this.under_way = new Set();
    this.reach = Math.max(8, Math.floor(KEEP_BYTES / this.size / 2));
    this.centre = 0;
    this.ahead = 1;
    this.begun = false;
  }

  // The first slice is on the screen: the others may come.
  begin() {
    this.begun = true;
    this.fetchMore();
  }

  get(index) {
    return this.kept.get(index);
  }

  // Say which slice is wanted now; its neighbours follow, those that lie ahead first.
  look(index) {
    if (index !== this.centre) this.ahead = index > this.centre ? 1 : -1;
    this.centre = index;
    this.fetchMore();
  }

  near(index) {
    return Math.abs(index - this.centre) <= this.reach;
  }

  missing() {
    for (let distance = 0; distance <= this.reach && distance < this.count; distance++) {
      for (const index of [this.centre + distance * this.ahead, this.centre - distance * this.ahead]) {
        if (index < 0 || index >= this.count) continue;
        if (!this.kept.has(index) && !this.under_way.has(index)) return index;
      }
    }
    return -1;
  }

  fetchMore() {
    // the first alone: nothing may delay the moment at which there is something to see
    while (!this.ended && this.under_way.size < (this.begun ? AT_ONCE : 1)) {
      const index = this.missing();
      if (index < 0) return;
      this.under_way.add(index);
      this.fetchOne(index);
    }
  }

  async fetchOne(index) {
    let pixels = null;
    try {
      const answer = await fetch(this.address + (index + 1));
      if (answer.status === 404) return this.end();
      if (answer.ok) pixels = new Uint8Array(await answer.arrayBuffer());
    } catch (error) {
      pixels = null;
    }
    if (pixels === null || pixels.length !== this.size) {
      // asked for again while it is wanted; meanwhile the number beside the picture is that of the slice shown
      setTimeout(() => { this.under_way.delete(index); this.fetchMore(); }, AGAIN_MS);
      return;
    }
    this.under_way.delete(index);
    this.keep(index, pixels);
    this.arrived(index);
    if (this.begun || !this.kept.has(this.centre)) this.fetchMore();
  }

  end() {
    if (!this.ended) this.gone();
    this.ended = true;
  }

  keep(index, pixels) {
    if (!this.near(index)) return;
    this.kept.set(index, pixels);
    for (const other of this.kept.keys()) if (!this.near(other)) this.kept.delete(other);
  }
}
