// What makes a browser a screen on the wall: it stays awake, fills the screen, hides its pointer.

/** The pointer is hidden when it has not moved for so long, in milliseconds. */
const IDLE = 5_000;

/** Keeps the screen awake while the page is seen. Browsers let go whenever it is not. */
export function stayAwake() {
  const ask = async () => {
    try {
      if (document.visibilityState === "visible") await navigator.wakeLock?.request("screen");
    } catch {
      // Low on battery, or not allowed here: the screen's own settings have to do.
    }
  };
  document.addEventListener("visibilitychange", ask);
  ask();
}

/** Fills the screen by a button and by the key F. */
export function fullScreen(button) {
  const change = () => {
    const done = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen?.();
    done?.catch(() => {});
  };
  if (button && document.fullscreenEnabled) {
    button.hidden = false;
    button.addEventListener("click", change);
  }
  return change;
}

/** Hides the pointer, and the ways out of the page, while nobody moves it. */
export function hidePointer() {
  const root = document.documentElement;
  let timer;
  const wake = () => {
    root.classList.remove("is-idle");
    clearTimeout(timer);
    timer = setTimeout(() => root.classList.add("is-idle"), IDLE);
  };
  for (const event of ["pointermove", "pointerdown", "keydown", "focusin"]) addEventListener(event, wake, { passive: true });
  wake();
}

/** Keys: F fills the screen; the arrows look at what comes before and after; Escape and Space let the rotation go on. */
export function keys({ back, on, letGo, full }) {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const work = { ArrowLeft: back, ArrowRight: on, Escape: letGo, " ": letGo, f: full, F: full }[event.key];
    // The space bar on a button presses it.
    if (!work || (event.key === " " && event.target.closest?.("button, a"))) return;
    event.preventDefault();
    work();
  });
}
