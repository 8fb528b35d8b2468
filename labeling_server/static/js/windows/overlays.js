// Small windows over the page that stop nothing: go to a time, calibration. One at a time, Esc closes.

import { say } from "../base/config.js";
import { h } from "../base/dom.js";
import { getPxPerMm, setPxPerMm } from "../base/scale.js";
import { changed, state } from "../base/state.js";
import { hms, parseTime, secondsOf, usOfSample } from "../base/time.js";
import { showCentered } from "../strip/navigate.js";
import { repaint } from "../strip/paint.js";

const host = () => document.getElementById("overlays");

/** Whether a small window, or the menu, is open. */
export const hasOverlay = () => host().childElementCount > 0;

/** @returns {boolean} whether there was one */
export function closeOverlay() {
  const had = hasOverlay();
  host().replaceChildren();
  return had;
}

/** @param {string} kind @param {string} title @param {...Node} content */
export function openOverlay(kind, title, ...content) {
  const close = h("button", { class: "quiet", onclick: closeOverlay, "aria-label": say("help.close"), title: say("help.close") }, "×");
  const box = h("section", { class: `overlay ${kind}`, role: "dialog", "aria-label": title }, h("header", { role: "presentation" }, h("h2", {}, title), close), ...content);
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    closeOverlay();
  });
  host().replaceChildren(box);
}

export function openGoto() {
  const input = h("input", { type: "text", "aria-label": say("goto.title"), placeholder: say("goto.hint"), spellcheck: "false" });
  const problem = h("p", { class: "problem", hidden: true });
  const [from, to] = [usOfSample(state.firstSample), usOfSample(state.nextSample)];
  input.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Escape") closeOverlay();
    if (event.key !== "Enter") return;
    const at = parseTime(input.value);
    if (at === null || at < from - 1e6 || at > to) {
      problem.textContent = say("goto.bad", { from: hms(from), to: hms(to), value: input.value || "–" });
      problem.hidden = false;
      return;
    }
    closeOverlay();
    void showCentered(secondsOf(at));
  });
  openOverlay("goto", say("goto.title"), input, h("p", { class: "soft" }, say("goto.hint")), problem);
  input.focus();
}

const BAR_MM = 100;

export function openCalibration() {
  const bar = h("div", { class: "ruler" });
  const value = h("span", { class: "figures" });
  const input = h("input", { type: "range", min: "2", max: "10", step: "0.005", "aria-label": say("calibrate.title") });
  const show = () => {
    bar.style.width = `${getPxPerMm() * BAR_MM}px`;
    input.value = String(getPxPerMm());
    value.textContent = `${getPxPerMm().toFixed(3)} px/mm`;
    changed("view");
    repaint();
  };
  input.addEventListener("input", () => {
    setPxPerMm(Number(input.value));
    show();
  });
  const reset = () => {
    setPxPerMm(null);
    show();
  };
  openOverlay(
    "calibrate", say("calibrate.title"), h("p", {}, say("calibrate.text")), bar, input,
    h("footer", {}, value, h("button", { class: "quiet", onclick: reset }, say("calibrate.reset")),
      h("button", { class: "primary", onclick: closeOverlay }, say("calibrate.done"))),
  );
  show();
}

