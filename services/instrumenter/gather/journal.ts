/*
 * The instrumenter's own work, as events: ticks, calls to sources, enablings. In: an event from the code that did the work.
 * Out: the listeners (the self source, and only while a metric of it is gathered). Costs nothing without listeners.
 */
import type { MetricName } from '../../../common/model/metric';
import type { Point } from '../sources/points';

export type Listener = (point: Point) => void;

export class Journal {
  private readonly listeners = new Map<MetricName, Set<Listener>>();

  /** The point is built only when there is a listener. */
  record(metric: MetricName, point: () => Point): void {
    const listeners = this.listeners.get(metric);
    if (listeners === undefined || listeners.size === 0) return;
    const made = point();
    for (const listener of listeners) listener(made);
  }

  /** Returns a function that removes the listener. */
  listen(metric: MetricName, listener: Listener): () => void {
    const listeners = this.listeners.get(metric) ?? new Set();
    this.listeners.set(metric, listeners.add(listener));
    return () => {
      listeners.delete(listener);
    };
  }
}
