/*
 * All exports of an aggregator. In: its instrumentations, each second. Out: families for /metrics, and
 * pushed values.
 */
import { counter, type Family } from '../../../common/prometheus/metrics/family';
import type { Log } from '../../../common/service/log';
import type { Owned } from '../owned';
import { PrometheusExport } from './prometheus-export';
import { Push } from './push';
import type { PushSettings } from './push-settings';
import { SettledFeed } from './settled-feed';

export class WaysOut {
  private readonly scraped = new PrometheusExport();
  private readonly push: Push;
  private readonly feeds: readonly (readonly [way: string, feed: SettledFeed])[];

  constructor(settings: PushSettings, instance: string, log: Log) {
    this.push = new Push(settings, instance, log);
    this.feeds = [
      ['metrics', new SettledFeed(this.scraped)],
      ['push', new SettledFeed(this.push)],
    ];
  }

  /** Once a second. */
  tick(all: Iterable<Owned>, nowMs: number): void {
    const owned = [...all];
    for (const [, feed] of this.feeds) feed.tick(owned, nowMs);
    this.push.flush();
  }

  families(since: number): Family[] {
    return [
      ...this.scraped.families(),
      ...this.push.families(since),
      ...counter(
        'ca_export_reports_late',
        'Reports that came after their second had been passed on: the API has them, exports have not.',
        this.feeds.map(([way, feed]) => [{ way }, feed.late] as const),
        since,
      ),
      ...counter(
        'ca_export_slots_skipped',
        'Seconds that were not passed on, because this service was stalled for too long.',
        this.feeds.map(([way, feed]) => [{ way }, feed.skipped] as const),
        since,
      ),
    ];
  }

  close(): void {
    this.push.close();
  }
}
