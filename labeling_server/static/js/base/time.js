// Times as people read them. Inside, times are integer microseconds UTC or seconds since the start of the main group.

import { mainGroup, zone } from "./config.js";

const clock = new Intl.DateTimeFormat("en-GB", {
  timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
const date = new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" });
const offset = new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeZoneName: "longOffset" });

/** @param {number} us */
export const hms = (us) => clock.format(Math.floor(us / 1000));

/** With milliseconds. @param {number} us */
export const hmsMs = (us) => `${hms(us)}.${String(((Math.floor(us / 1000) % 1000) + 1000) % 1000).padStart(3, "0")}`;

/** With tenths of a second. @param {number} us */
export const hmsTenths = (us) => hmsMs(us).slice(0, -2);

/** @param {number} us */
export const dateOf = (us) => date.format(Math.floor(us / 1000));

/** "UTC" or "+01:00". @param {number} us */
export function zoneOf(us) {
  const part = offset.formatToParts(Math.floor(us / 1000)).find((piece) => piece.type === "timeZoneName").value;
  return part === "GMT" ? "UTC" : part.replace("GMT", "");
}

/** A length: milliseconds below a second, else with the unit that suits. @param {number} us */
export function duration(us) {
  if (us < 1e6) return `${Math.round(us / 1000)} ms`;
  const seconds = us / 1e6;
  if (seconds < 100) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const pad = (n) => String(n).padStart(2, "0");
  return `${Math.floor(whole / 3600)}:${pad(Math.floor(whole / 60) % 60)}:${pad(whole % 60)}`;
}

/** Seconds since the start of the main group. @param {number} us */
export const secondsOf = (us) => (us - mainGroup.t0_us) / 1e6;

/** @param {number} seconds */
export const usOf = (seconds) => mainGroup.t0_us + Math.round(seconds * 1e6);

/** Nearest sample of the main group. @param {number} us */
export const sampleOf = (us) => Math.round(((us - mainGroup.t0_us) / 1e6) * mainGroup.fs_hz);

/** @param {number} sample */
export const usOfSample = (sample) => mainGroup.t0_us + Math.round((sample / mainGroup.fs_hz) * 1e6);

/** The time of the sample that is nearest. @param {number} us @param {import("./config.js").Group} [group] whose samples */
export function exactUs(us, group = mainGroup) {
  const sample = Math.round(((us - group.t0_us) / 1e6) * group.fs_hz);
  return group.t0_us + Math.round((sample / group.fs_hz) * 1e6);
}

/**
 * What a reader typed: hh:mm[:ss[.s]] of the clock, or +hh:mm:ss from the start; null when it is no time.
 * @param {string} typed
 * @returns {number | null} microseconds UTC
 */
export function parseTime(typed) {
  const match = /^\s*(\+)?(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2}(?:\.\d+)?)\s*$/.exec(typed);
  if (!match) return null;
  const [, plus, hours, minutes, rest] = match;
  if (plus) return mainGroup.t0_us + ((Number(hours ?? 0) * 60 + Number(minutes)) * 60 + Number(rest)) * 1e6;
  // without the plus, two numbers are hours and minutes of the clock
  const [h, m, s] = hours === undefined ? [Number(minutes), Number(rest), 0] : [Number(hours), Number(minutes), Number(rest)];
  return onClock(h, m, s);
}

/** The first such time of the clock at or after the start. */
function onClock(h, m, s) {
  const [h0, m0, s0] = hms(mainGroup.t0_us).split(":").map(Number);
  const start = (h0 * 60 + m0) * 60 + s0;
  let ahead = (h * 60 + m) * 60 + s - start;
  if (ahead < 0) ahead += 86400;
  return Math.floor(mainGroup.t0_us / 1e6) * 1e6 + ahead * 1e6;
}
