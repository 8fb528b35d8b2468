// Pieces of a recording that are fetched once: neighbours that are not here yet come with one request.

/** Loads chunks by number, each once. */
export class Chunks {
  /** @param {(first: number, last: number) => Promise<void>} fetchRange takes in chunks first to last, both included @param {number} [atMost] in one request */
  constructor(fetchRange, atMost = 16) {
    this.fetchRange = fetchRange;
    this.atMost = atMost;
    /** @type {Map<number, Promise<void>>} */
    this.loading = new Map();
  }

  /** @param {number[]} indices ascending @param {(index: number) => boolean} isHere @returns {Promise<any>} */
  load(indices, isHere) {
    const missing = indices.filter((index) => !isHere(index));
    const isNew = (index) => !this.loading.has(index);
    for (const [first, last] of runsOf(missing.filter(isNew), this.atMost)) this.begin(first, last);
    return Promise.all(missing.map((index) => this.loading.get(index)));
  }

  begin(first, last) {
    const all = Array.from({ length: last - first + 1 }, (_, i) => first + i);
    const done = this.fetchRange(first, last).finally(() => all.forEach((index) => this.loading.delete(index)));
    for (const index of all) this.loading.set(index, done);
  }
}

/** Neighbours together: [1, 2, 3, 7] is [[1, 3], [7, 7]]. @param {number[]} indices @param {number} atMost @returns {[number, number][]} */
export function runsOf(indices, atMost) {
  const runs = [];
  for (const index of indices) {
    const last = runs.at(-1);
    if (last && last[1] + 1 === index && index - last[0] < atMost) last[1] = index;
    else runs.push([index, index]);
  }
  return runs;
}
