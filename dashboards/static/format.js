// Numbers and times as the pages write them: units, tabular figures. All inputs in microseconds are numbers or null.
const DASH = "–";
const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

export function count(n) {
  if (n === null || n === undefined) return DASH;
  if (n < 10_000) return whole.format(n);
  for (const [limit, divisor, unit] of [[999.5e3, 1e3, "k"], [999.5e6, 1e6, "M"], [Infinity, 1e9, "G"]]) {
    if (n < limit) return `${(n / divisor).toPrecision(3)} ${unit}`;
  }
}

// A length of time in its two largest units; under a second in ms.
export function duration(us) {
  if (us === null || us === undefined) return DASH;
  const seconds = us / 1e6;
  if (seconds < 0) return "0 s";
  if (seconds < 1) return `${whole.format(us / 1e3)} ms`;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(Math.floor(seconds % 60)).padStart(2, "0")} s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${String(Math.floor((seconds % 3600) / 60)).padStart(2, "0")} min`;
  if (seconds < 2 * 365 * 86400) return `${whole.format(seconds / 86400)} d`;
  return `${whole.format(seconds / 86400 / 365.25)} years`;
}

// Writes times of one zone: hh:mm:ss, with the date in front when it is not the date of `now_us`.
export function clockOf(zone) {
  const date = new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" });
  const time = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit" });
  return (us, now_us) => {
    if (us === null || us === undefined) return DASH;
    const ms = us / 1000;
    const day = date.format(ms);
    return day === date.format(now_us / 1000) ? time.format(ms) : `${day} ${time.format(ms)}`;
  };
}

// Milliseconds that the zone is ahead of UTC at a time; Bokeh's axes know UTC only.
export function zoneOffset(zone, ms) {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
  }).formatToParts(ms);
  const part = Object.fromEntries(parts.map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second) - Math.floor(ms / 1000) * 1000;
}

// 360 Hz × 2; several groups separated by a plus.
export function rates(groups) {
  return groups.map(([hz, channels]) => `${Number(hz.toPrecision(6))} Hz × ${channels}`).join(" + ") || DASH;
}
