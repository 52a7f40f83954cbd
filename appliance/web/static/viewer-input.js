// What fingers, mouse and keys do to the viewer. `viewer` is told only what to do, never how it was asked.

const NOTCH = 50;
const TAP_PX = 6;
const DOUBLE_MS = 350;
const STEP = 1.25;

export function listen(viewer, stage, section) {
  const pointers = new Map();
  let rolled = 0;
  let dragged = 0;
  let travelled = 0;
  let span = 0;
  let down = [0, 0];
  let drawing = false;
  let tapped = { time: 0, at: [0, 0] };

  const at = (event) => {
    const box = stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (event.ctrlKey) return viewer.zoom(Math.exp(-event.deltaY / 200), at(event));
    // a mouse sends whole notches, a touch pad crumbs; lines and pages are notches too
    rolled += event.deltaMode ? Math.sign(event.deltaY) * NOTCH : event.deltaY;
    if (Math.abs(event.deltaY) >= NOTCH && !event.deltaMode) rolled = Math.sign(event.deltaY) * NOTCH;
    const notches = Math.trunc(rolled / NOTCH);
    rolled -= notches * NOTCH;
    if (notches) viewer.step(notches);
  }, { passive: false });

  stage.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    // the keys go where the slice's number is
    section.querySelector("input").focus({ preventScroll: true });
    event.preventDefault();
    stage.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at(event));
    dragged = 0;
    if (pointers.size === 1) {
      travelled = 0;
      down = at(event);
    } else if (drawing) {
      drawing = false;
      viewer.unmark();
    }
    span = pointers.size === 2 ? apart() : 0;
  });

  stage.addEventListener("pointermove", (event) => {
    const now = at(event);
    viewer.point(now);
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const [left, top] = [now[0] - before[0], now[1] - before[1]];
    travelled += Math.hypot(left, top);
    const middle = centre();
    pointers.set(event.pointerId, now);
    if (pointers.size === 2) {
      const moved = centre();
      viewer.pan(moved[0] - middle[0], moved[1] - middle[1]);
      const wider = apart();
      if (span > 0) viewer.zoom(wider / span, moved);
      span = wider;
    } else if (travelled > TAP_PX && viewer.measuring) {
      if (!drawing) viewer.mark(down, true);
      drawing = true;
    } else if (travelled > TAP_PX) {
      if (viewer.zoomed) return viewer.pan(left, top);
      // a finger pushes the stack as it would push a page, a mouse pulls through it as at a scroll bar
      dragged += event.pointerType === "touch" ? -top : top;
      const steps = Math.trunc(dragged / viewer.stride);
      dragged -= steps * viewer.stride;
      if (steps) viewer.step(steps);
    }
  });

  const lift = (event) => {
    const was = pointers.get(event.pointerId);
    pointers.delete(event.pointerId);
    span = 0;
    if (!was || event.type === "pointercancel" || pointers.size) return;
    if (viewer.measuring && (drawing || travelled <= TAP_PX)) viewer.mark(was);
    drawing = false;
    if (viewer.measuring || travelled > TAP_PX) return;
    const again = event.timeStamp - tapped.time < DOUBLE_MS;
    const beside = Math.hypot(was[0] - tapped.at[0], was[1] - tapped.at[1]);
    if (again && beside < 30) viewer.toggleZoom(was);
    tapped = { time: again ? 0 : event.timeStamp, at: was };
  };
  stage.addEventListener("pointerup", lift);
  stage.addEventListener("pointercancel", lift);
  stage.addEventListener("pointerleave", () => viewer.point(null));

  const apart = () => {
    const [a, b] = [...pointers.values()];
    return Math.hypot(a[0] - b[0], a[1] - b[1]);
  };
  const centre = () => {
    const all = [...pointers.values()];
    return [0, 1].map((axis) => all.reduce((sum, point) => sum + point[axis], 0) / all.length);
  };

  section.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const button = event.target.closest("button, summary");
    if (button && (event.key === "Enter" || event.key === " ")) return;
    const act = keys(viewer, event.shiftKey ? 10 : 1)[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act || act() === false) return;
    event.preventDefault();
  });
}

function keys(viewer, far) {
  const aim = (columns, rows, steps) => () =>
    viewer.measuring ? viewer.aim(columns * far, rows * far) : viewer.step(steps);
  return {
    ArrowUp: aim(0, -1, -1),
    ArrowLeft: aim(-1, 0, -1),
    ArrowDown: aim(0, 1, 1),
    ArrowRight: aim(1, 0, 1),
    PageUp: () => viewer.step(-viewer.leap),
    PageDown: () => viewer.step(viewer.leap),
    Home: () => viewer.go(0),
    End: () => viewer.go(viewer.count - 1),
    1: () => viewer.useWindow(0),
    2: () => viewer.useWindow(1),
    3: () => viewer.useWindow(2),
    4: () => viewer.useWindow(3),
    "+": () => viewer.zoom(STEP),
    "=": () => viewer.zoom(STEP),
    "-": () => viewer.zoom(1 / STEP),
    0: () => viewer.wholeSlice(),
    m: () => viewer.measure(!viewer.measuring),
    Enter: () => viewer.mark(null),
    " ": () => viewer.mark(null),
    Escape: () => viewer.measure(false),
  };
}
