// Two fingers on an element: where their middle is and how far apart they are. While both are down the element's other
// listeners hear nothing, so that no drag of one finger goes on beside them.

/** @typedef {{x: number, y: number}} Point pixels from the element's corner */

/** Closer together their distance says nothing. */
const LEAST_PX = 24;

/**
 * @param {HTMLElement} element
 * @param {{begin: (middle: Point) => void, move: (middle: Point, spread: number) => void, end: () => void}} heard
 * spread: their distance now by that at the beginning
 */
export function listenToTwoFingers(element, { begin, move, end }) {
  /** @type {Map<number, Point>} */
  const fingers = new Map();
  let firstPx = 0;
  let isPinch = false;
  const take = (event) => {
    const box = element.getBoundingClientRect();
    fingers.set(event.pointerId, { x: event.clientX - box.left, y: event.clientY - box.top });
  };
  const middle = () => {
    const [one, other] = fingers.values();
    return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
  };
  const distance = () => {
    const [one, other] = fingers.values();
    return Math.max(Math.hypot(one.x - other.x, one.y - other.y), LEAST_PX);
  };
  const down = (event) => {
    if (event.pointerType !== "touch") return;
    take(event);
    if (fingers.size === 2) {
      firstPx = distance();
      isPinch = true;
      begin(middle());
    }
    if (isPinch) event.stopImmediatePropagation();
  };
  const moved = (event) => {
    if (!fingers.has(event.pointerId)) return;
    take(event);
    if (!isPinch) return;
    event.stopImmediatePropagation();
    if (fingers.size === 2) move(middle(), distance() / firstPx);
  };
  const up = (event) => {
    if (!fingers.delete(event.pointerId) || !isPinch) return;
    event.stopImmediatePropagation();
    if (fingers.size === 1) end();
    isPinch = fingers.size > 0; // the finger that stays down is no drag
  };
  element.addEventListener("pointerdown", down, true);
  element.addEventListener("pointermove", moved, true);
  for (const kind of ["pointerup", "pointercancel"]) element.addEventListener(kind, up, true);
}
