// The table of hours as CSV: every number as the server said it, units in the names of the columns.

import { dateOf, hms, zoneOf } from "../base/time.js";

const COLUMNS = [
  "signal_s", "n_beats", "n_normal", "n_supraventricular", "n_ventricular", "n_other", "rate_min_bpm", "rate_mean_bpm",
  "rate_max_bpm", "longest_rr_s", "longest_rr_at", "n_pauses", "af_confirmed_s", "af_proposed_s", "n_vt_confirmed",
  "n_vt_proposed", "noise_s",
];

/** ISO 8601 with the offset of the zone then. @param {number} us */
const iso = (us) => `${dateOf(us)}T${hms(us)}${zoneOf(us).replace("UTC", "Z")}`;

/** @param {import("./hours.js").Hour} hour @param {string} name */
function cell(hour, name) {
  if (name === "longest_rr_at") return hour.longest_rr_at_us === null ? "" : iso(hour.longest_rr_at_us);
  return hour[name] === null ? "" : String(hour[name]);
}

/** A line an hour; the last one, over all of it, is told by its start and end. @param {import("./hours.js").Table} table */
export function csvOf({ hours, total }) {
  const lines = [["start", "end", ...COLUMNS]];
  for (const hour of [...hours, ...(total ? [total] : [])]) {
    lines.push([iso(hour.start_us), iso(hour.end_us), ...COLUMNS.map((name) => cell(hour, name))]);
  }
  return `${lines.map((line) => line.join(",")).join("\r\n")}\r\n`;
}
