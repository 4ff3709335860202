/*
 * Time as a parameter: services get a Clock, tests give one of their own.
 * Out: milliseconds since 1970, seconds, and a tick at each whole second.
 */

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back just after each whole second with the second that has begun; returns what stops it. */
  everySecond(tick: (second: number) => void): () => void;
}

export const SYSTEM_CLOCK: Clock = {
  now: Date.now,
  everySecond(tick) {
    let timer: NodeJS.Timeout;
    let stopped = false;
    let last = Math.floor(Date.now() / 1000);
    // Armed anew each time for the next whole second: setInterval drifts, and a stalled loop would bunch up.
    const arm = (): void => {
      timer = setTimeout(
        () => {
          const second = Math.floor(Date.now() / 1000);
          // Timers may fire a millisecond early: that second has not begun yet.
          if (second > last) {
            last = second;
            tick(second);
          }
          // The tick itself may have stopped it.
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
