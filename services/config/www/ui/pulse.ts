/*
 * The page's second: once for each second of the servers' clock. In: that clock. Out: calls.
 */
import type { Api } from '../model/api.ts';
import { nextTick } from '../plot/ticks.ts';

export class Pulse {
  private timer = 0;
  private lookedFor: number | undefined;
  private seconds = 0;
  private readonly api: Api;
  private readonly beat: (seconds: number) => void;

  constructor(api: Api, beat: (seconds: number) => void) {
    this.api = api;
    this.beat = beat;
  }

  start(): void {
    // The timer was set by the clock as it was known before.
    this.api.onClock = () => {
      this.wait();
    };
    this.tick();
  }

  private tick(): void {
    this.beat(++this.seconds);
    this.wait();
  }

  private wait(): void {
    clearTimeout(this.timer);
    const { second, inMs } = nextTick(this.api.serverSeconds() * 1000, this.lookedFor);
    this.timer = window.setTimeout(() => {
      this.lookedFor = second;
      this.tick();
    }, inMs);
  }
}

/**
 * At any time within the second, not at its begin like all the values: answers tell the servers' clock in whole seconds,
 * and only those that come just after a second began tell it well.
 */
export function sometime(refresh: () => Promise<void>): void {
  setTimeout(() => void refresh(), Math.random() * 1000);
}
