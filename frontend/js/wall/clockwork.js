// When a screen asks the server, and what it does when nothing answers. It knows of no document, so that years can be
// tried in a moment; what it needs of the browser is handed to it.
//
// There is one timer and one request at most, whatever happens: a screen hangs on its wall for weeks.

/** Longest time between two questions: ages and windows of time move on. */
export const AGAIN = 60_000;
/** Hints are gathered for so long, and each screen adds a part of it by chance, so that they do not ask all at once. */
export const GATHERED = 1_000;
/** How long an answer may take. */
export const PATIENCE = 45_000;
/** The first and the longest pause after a question that was not answered, and after a stream that ended. */
export const PAUSES = [1_000, 60_000];
/** What somebody holds on to is let go of after so long: a screen must not stand still for ever. */
export const HELD = 10 * 60_000;
/** A page is not loaded anew before it is so old: two servers of different versions would have it reload all the time. */
export const FRESH = 60_000;
/** Screens load themselves anew within so long of each other. */
const RELOADS = 20_000;
/** Longest sleep, so that a clock that was set is noticed. */
const TICK = 1_000;

/** A pause after so many failures: twice as long each time, and by chance between half and the whole of it. */
export function pause(failures, chance) {
  const [first, longest] = PAUSES;
  return Math.min(longest, first * 2 ** Math.min(failures - 1, 20)) * (0.5 + chance / 2);
}

/**
 * Runs a screen. `ports`:
 *   now()                      the screen's own clock, in milliseconds
 *   later(work, pause), cancel(timer)
 *   ask(view, signal)          a promise of the part: { build, now, next }; fails with an error, whose message is shown
 *                              where its `said` is true
 *   listen(hint, opened, lost) opens the stream; answers a function that closes it
 *   show(part)                 puts the part on the screen
 *   tick(now)                  the server's time of day, about every second
 *   tell(trouble)              { since, why } while nothing answers, undefined when all is well
 *   held(view)                 what is held on to, undefined when the rotation goes on
 *   reload()                   loads the page anew
 *   chance()                   a number from 0 to 1
 * `first` is the part that the page came with.
 */
export function clockwork(ports, first) {
  const born = ports.now();
  const { build } = first;
  let skew = first.now - born;
  let due = 0;
  let timer;
  let asking;
  let hinted = false;
  let failures = 0;
  let since;
  let view;
  let heldUntil = 0;
  let reloadAt;
  let close;
  let streamDue = born;
  let streamFailures = 0;
  let stopped = false;

  const serverTime = () => ports.now() + skew;
  const sooner = (wait) => {
    const wanted = ports.now() + wait;
    if (wanted >= due) return;
    due = wanted;
    arm();
  };

  /** When the next question is due after an answer. */
  function plan(part) {
    const wait = Math.min(AGAIN, Math.max(0, part.next - part.now));
    due = ports.now() + Math.max(wait, hinted ? 0 : GATHERED / 4);
    if (hinted) due = Math.min(due, ports.now() + GATHERED);
    hinted = false;
  }

  function arm() {
    if (stopped) return;
    ports.cancel(timer);
    const now = ports.now();
    const second = TICK - (((serverTime() % TICK) + TICK) % TICK);
    const wait = asking ? second : Math.min(second, Math.max(0, due - now));
    timer = ports.later(tick, wait);
  }

  function tick() {
    const now = ports.now();
    ports.tick(serverTime());
    if (view !== undefined && now >= heldUntil) letGo();
    if (close === undefined && now >= streamDue) open();
    // A clock that was set back would leave the screen waiting.
    if (due - now > AGAIN + PAUSES[1]) due = now;
    if (!asking && now >= due) ask();
    arm();
  }

  async function ask() {
    const mine = new AbortController();
    asking = mine;
    const deadline = ports.later(() => mine.abort(), PATIENCE);
    try {
      const part = await ports.ask(view, mine.signal);
      if (asking !== mine || stopped) return;
      skew = part.now - ports.now();
      failures = 0;
      if (since !== undefined) {
        since = undefined;
        ports.tell(undefined);
      }
      if (part.build === build) {
        reloadAt = undefined;
      } else {
        reloadAt ??= Math.max(ports.now(), born + FRESH) + ports.chance() * RELOADS;
        // The server has just answered, so it is there to be asked for the page.
        if (ports.now() >= reloadAt) {
          stop();
          return ports.reload();
        }
      }
      ports.show(part);
      plan(part);
      if (reloadAt !== undefined) due = Math.min(due, reloadAt);
    } catch (error) {
      if (asking !== mine || stopped) return;
      failures += 1;
      since ??= serverTime();
      ports.tell({ since, why: error?.said ? error.message : undefined });
      due = ports.now() + pause(failures, ports.chance());
    } finally {
      ports.cancel(deadline);
      if (asking === mine) asking = undefined;
      arm();
    }
  }

  function open() {
    let ended = false;
    const end = ports.listen(
      () => hint(),
      () => {
        streamFailures = 0;
        // What happened while the stream was closed is not told again.
        sooner(GATHERED * ports.chance());
      },
      () => {
        if (ended) return;
        ended = true;
        close?.();
        close = undefined;
        streamFailures += 1;
        streamDue = ports.now() + pause(streamFailures, ports.chance());
        // The first time it is soon known whether the server is gone.
        if (streamFailures === 1) sooner(GATHERED * (0.5 + ports.chance()));
      },
    );
    if (ended) end();
    else close = end;
  }

  function hint() {
    if (asking) hinted = true;
    else sooner(GATHERED * (1 + ports.chance()));
  }

  function hold(wanted) {
    view = wanted;
    heldUntil = ports.now() + HELD;
    ports.held(view);
    askNow();
  }

  function letGo() {
    if (view === undefined) return;
    view = undefined;
    ports.held(undefined);
    askNow();
  }

  /** Asks at once; an answer that is still under way is of no use any more. */
  function askNow() {
    const before = asking;
    asking = undefined;
    before?.abort();
    due = ports.now();
    arm();
  }

  function stop() {
    stopped = true;
    ports.cancel(timer);
    close?.();
    close = undefined;
  }

  plan(first);
  arm();
  return {
    hold,
    letGo,
    /** The network is back, or may be. */
    wake: () => sooner(GATHERED * ports.chance()),
    /** What is shown is not what is wanted any more. */
    again: askNow,
    /** The network is gone, as the browser knows it. */
    lost: () => {
      since ??= serverTime();
      ports.tell({ since });
    },
    stop,
  };
}
