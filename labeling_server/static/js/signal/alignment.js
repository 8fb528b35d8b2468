// Members laid on a template: where beats are marked varies by some milliseconds, and they are to lie on each other.

/** How far a member may be moved, s: as far as the clustering moves it. */
const REACH_S = 0.04;

/**
 * A member moved to where it differs least from a template; what moves in from beyond its window is not a number.
 * @param {Float32Array} points leads interleaved @param {number[][]} template a lead each @param {number} pointHz
 * @returns {Float32Array}
 */
export function alignedTo(points, template, pointHz) {
  const reach = Math.round(REACH_S * pointHz);
  let [best, least] = [0, Infinity];
  for (let shift = -reach; shift <= reach; shift += 1) {
    const difference = differenceAt(points, template, shift, reach);
    if (difference < least) [best, least] = [shift, difference];
  }
  return best === 0 ? points : moved(points, template.length, best);
}

/** Sum of squares over what is in the window at every shift. */
function differenceAt(points, template, shift, reach) {
  const nLeads = template.length;
  const n = points.length / nLeads;
  let sum = 0;
  for (let lead = 0; lead < nLeads; lead += 1) {
    for (let i = reach; i < n - reach; i += 1) {
      const by = points[(i + shift) * nLeads + lead] - template[lead][i];
      if (!Number.isNaN(by)) sum += by * by;
    }
  }
  return sum;
}

function moved(points, nLeads, shift) {
  return points.map((_, at) => points[at + shift * nLeads] ?? NaN);
}
