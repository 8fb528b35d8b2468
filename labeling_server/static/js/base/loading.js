// A thin bar over what takes longer than an eye notices; the old picture stays below it.

const SLOW_MS = 100;
let nShown = 0;

const bar = () => document.getElementById("loading");

/** @template T @param {Promise<T>} work @returns {Promise<T>} */
export async function behindBar(work) {
  let isShown = false;
  const late = setTimeout(() => {
    isShown = true;
    nShown += 1;
    bar().hidden = false;
  }, SLOW_MS);
  try {
    return await work;
  } finally {
    clearTimeout(late);
    if (isShown) nShown -= 1;
    if (!nShown) bar().hidden = true;
  }
}
