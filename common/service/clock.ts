/*
 * Time as a parameter: services get a Clock, tests pass a fake one.
 * Out: milliseconds since 1970, seconds, and a tick at each whole second.
 */

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back just after the start of each whole second, with that second; returns a function that stops it. */
  everySecond(tick: (second: number) => void): () => void;
}

export const SYSTEM_CLOCK: Clock = {
  now: Date.now,
  everySecond(tick) {
    let timer: NodeJS.Timeout;
    let stopped = false;
    let last = Math.floor(Date.now() / 1000);
    // A new timer for each second: setInterval drifts, and its ticks bunch up after a stall.
    const arm = (): void => {
      timer = setTimeout(
        () => {
          const second = Math.floor(Date.now() / 1000);
          // Timers may fire a millisecond early: that second has not begun yet.
          if (second > last) {
            last = second;
            tick(second);
          }
          // The tick may have stopped the clock.
          if (!stopped) arm();
        },
        1000 - (Date.now() % 1000),
      );
    };
    arm();
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  },
};

export function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}
