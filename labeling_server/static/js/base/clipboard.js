// Text into the clipboard, which today's browsers have on secure pages only; on others the old way is left.

import { h } from "./dom.js";

/** @param {string} text @returns {Promise<boolean>} whether it is there */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyOldWay(text); // not allowed, or a page without TLS
  }
}

/** @param {string} text */
function copyOldWay(text) {
  const focused = document.activeElement;
  const area = h("textarea", { class: "off-screen", readonly: true });
  area.value = text;
  document.body.append(area);
  area.select();
  const isDone = document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  return isDone;
}
