// Families of beats as the server has them: templates, members to lay over each other, and members page by page.

import { getBinary, getJson } from "../base/api.js";
import { mainGroup, stream } from "../base/config.js";
import { invalidOf } from "../signal/decimate.js";
import { decodeWindow } from "../signal/samples.js";

/** Strips in one request, and on one page. */
export const PAGE = 24;
/** Leads of a strip: what lies beyond the screen is not compared at a glance. */
const MOST_LEADS = 3;
/** More than a day has. */
const ALL = 500_000;

/**
 * @typedef {{number: number, count: number, labels: Object<string, number>, n_touched: number, first_sample: number,
 *   last_sample: number, by_hand: boolean, template: number[][] | null, spread: number[][] | null}} Family
 * @typedef {{sample: number, points: Float32Array}} Shown a member to lay over others, leads interleaved
 * @typedef {{families: Family[], nBeats: number, shape: import("./family_draw.js").Shape, members: Map<number, Shown[]>}} Known
 * @typedef {{sample: number, number: number, touched: number, similarity: number}} Member
 * @typedef {{member: Member, pieces: import("./family_draw.js").Piece[]}} Strip
 */

const path = `/api/streams/${stream.id}/families`;
const group = () => ({ group_id: mainGroup.id });

/** Every family with its waveforms. @returns {Promise<Known>} */
export async function fetchFamilies() {
  const [told, packed] = await Promise.all([getJson(path, group()), getBinary(`${path}/waveforms`, group())]);
  const { header, runs } = decodeWindow(packed);
  /** @type {Map<number, Shown[]>} */
  const members = new Map();
  runs.forEach((run, i) => {
    const number = header.families[i];
    members.set(number, [...(members.get(number) ?? []), { sample: run.start, points: /** @type {Float32Array} */ (run.data) }]);
  });
  const points = told.families.find((family) => family.template)?.template[0].length ?? 0;
  const shape = { before: told.n_before, points, pointHz: told.point_hz, names: told.leads.map((lead) => lead.name) };
  return { families: told.families, nBeats: told.n_beats, shape, members };
}

/** All members, the least like the template first. @param {number} number @returns {Promise<Member[]>} */
export async function fetchMembers(number) {
  return membersOf(await getJson(`${path}/${number}`, { ...group(), limit: ALL }));
}

const membersOf = ({ samples, numbers, touched, similarities }) =>
  samples.map((sample, i) => ({ sample, number: numbers[i], touched: touched[i], similarity: similarities[i] }));

/** One page of members in the same order, with the signal around each. @param {number} number @param {number} page */
export async function fetchStrips(number, page) {
  const packed = await getBinary(`${path}/${number}/strips`, { ...group(), offset: page * PAGE, limit: PAGE });
  const { header, runs } = decodeWindow(packed);
  const channels = header.leads.map((position) => mainGroup.channels[position]);
  /** @type {Strip[]} */
  const strips = membersOf(header).map((member) => ({ member, pieces: [] }));
  runs.forEach((run, i) => strips[header.strips[i]].pieces.push(piece(run, channels)));
  for (const strip of strips) settle(strip);
  const names = channels.slice(0, MOST_LEADS).map((channel) => channel.name);
  return { strips, total: header.total, frame: { names, reachS: header.reach / mainGroup.fs_hz, fsHz: mainGroup.fs_hz } };
}

/** @param {import("../signal/samples.js").Run} run @param {import("../base/config.js").Channel[]} channels */
function piece(run, channels) {
  const invalid = invalidOf(run.data);
  const leads = channels.map(({ gain, offset }, i) =>
    Float32Array.from({ length: run.n }, (_, n) => {
      const value = run.data[n * channels.length + i];
      return value === invalid ? NaN : (value - offset) / gain;
    }),
  );
  return { start: run.start, n: run.n, leads };
}

/** Puts the median of each lead on 0 mV, as in the templates. @param {Strip} strip */
function settle({ pieces }) {
  for (let i = 0; i < (pieces[0]?.leads.length ?? 0); i += 1) {
    const values = pieces.flatMap(({ leads }) => [...leads[i]].filter((value) => !Number.isNaN(value))).sort((a, b) => a - b);
    const middle = values[values.length >> 1] ?? 0;
    for (const { leads } of pieces) leads[i] = leads[i].map((value) => value - middle);
  }
}
