// Work that many changes ask for and that is done once, before the next frame is shown.

/** @param {() => void} work @returns {() => void} asks for it; however often it is asked for, it is done once a frame */
export function onceAFrame(work) {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      work();
    });
  };
}
