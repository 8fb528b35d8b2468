// Elements without a framework; text is always text, never markup.

/**
 * @param {string} tag @param {Object<string, any>} [props] attributes; `on*` are listeners, `class` the class
 * @param {...(Node | string | null | false)} children
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    // aria's states are words: aria-current="" would mean "false"
    else if (name.startsWith("aria-")) element.setAttribute(name, String(value));
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== false));
  return element;
}

let isPressed = false;
/** @type {Set<() => void>} */
const postponed = new Set();
addEventListener("pointerdown", () => (isPressed = true), true);
for (const kind of ["pointerup", "pointercancel"]) {
  addEventListener(kind, () => {
    isPressed = false;
    // after the click that follows
    setTimeout(() => {
      for (const render of postponed) render();
      postponed.clear();
    });
  }, true);
}

/** What redraws a panel waits while a button is held, so that nothing moves away under a click. @param {() => void} render */
export const whenReleased = (render) => () => (isPressed ? void postponed.add(render) : render());

const KEY_NAMES = {
  ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc", PageUp: "PgUp", PageDown: "PgDn",
  " ": "Space", Delete: "Del", "Ctrl+z": "Ctrl+Z",
};

/** A key as it stands on the keyboard. @param {string} key */
export function keyName(key) {
  if (KEY_NAMES[key]) return KEY_NAMES[key];
  return key.split(/(?<=.)\+(?=.)/).map((part) => KEY_NAMES[part] ?? part).join("+");
}

/** @param {string} key */
export const keyCap = (key) => h("kbd", {}, keyName(key));
