/*
 * The instrumenter's own work, as events: ticks, calls to sources, enablings. In: who does the work says so.
 * Out: whoever listens (the self source, and only while somebody has asked). Costs nothing otherwise.
 */
import type { MetricName } from '../../../common/model/metric';
import type { Point } from '../sources/points';

export type Listener = (point: Point) => void;

export class Journal {
  private readonly listeners = new Map<MetricName, Set<Listener>>();

  /** The point is made only when somebody listens. */
  record(metric: MetricName, point: () => Point): void {
    const listeners = this.listeners.get(metric);
    if (listeners === undefined || listeners.size === 0) return;
    const made = point();
    for (const listener of listeners) listener(made);
  }

  /** Returns what ends the listening. */
  listen(metric: MetricName, listener: Listener): () => void {
    const listeners = this.listeners.get(metric) ?? new Set();
    this.listeners.set(metric, listeners.add(listener));
    return () => {
      listeners.delete(listener);
    };
  }
}
