// Forms that go to the API: fields by their names, numbers as numbers, empty ones left out; a refusal stands below the form.

import { send } from "../base/api.js";
import { say } from "../base/config.js";

/** @param {HTMLFormElement} form */
function bodyOf(form) {
  /** @type {Object<string, any>} */
  const body = {};
  for (const field of /** @type {HTMLInputElement[]} */ (/** @type {unknown} */ ([...form.elements]))) {
    if (!field.name) continue;
    const value = field.value;
    const kind = field.dataset.kind ?? "text";
    if (value.trim() === "" && kind !== "lines") continue;
    if (kind === "number") body[field.name] = Number(value);
    else if (kind === "percent") body[field.name] = Number(value) / 100;
    else if (kind === "day") body[field.name] = (Date.parse(`${value}T23:59:59Z`) || 0) * 1000; // 0 is refused by its rule
    else if (kind === "lines") body[field.name] = value.split("\n").map((line) => line.trim()).filter(Boolean);
    else if (kind === "words") body[field.name] = value.split(",").map((word) => word.trim()).filter(Boolean);
    else if (kind === "targets") body[field.name] = targetsOf(value);
    else body[field.name] = value;
  }
  return body;
}

/** "AFIB 0.8, V 0.9" @param {string} text */
function targetsOf(text) {
  const pairs = text.split(",").map((part) => part.trim().split(/\s+/)).filter((part) => part.length === 2);
  return Object.fromEntries(pairs.map(([name, value]) => [name, Number(value)]));
}

/** @param {HTMLFormElement} form */
async function submit(form) {
  const told = form.querySelector("[role=status]");
  const button = form.querySelector("button:not([type=button])");
  button.disabled = true;
  told.className = "soft";
  told.textContent = say("forms.busy");
  try {
    const found = await send(/** @type {any} */ (form.dataset.method), form.dataset.api, bodyOf(form));
    told.textContent = say(form.dataset.done ?? "forms.done", found);
    if (form.dataset.stays === undefined) setTimeout(() => location.reload(), 600);
  } catch (error) {
    told.className = "problem";
    told.textContent = error.message;
  } finally {
    button.disabled = false;
  }
}

for (const form of document.querySelectorAll("form[data-api]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void submit(/** @type {HTMLFormElement} */ (form));
  });
}
document.body.dataset.ready = "1";
