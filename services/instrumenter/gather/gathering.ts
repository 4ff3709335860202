/*
 * One instrumentation on this node: its state, its probe, and which seconds the probe is counting now.
 * In: enable and disable (instrumenter.ts), the seconds (tick.ts). Out: its state, for status and for the config service.
 *
 * An instrumentation reports from its first full second (or five) on. What is counted between enabling and the
 * next whole second is no second's value, so it is read and dropped; for sources of counters it is the snapshot
 * that the first value is the difference to.
 */
import type { GatheringStatus } from '../../../common/api/status';
import { fqid, reportSeconds, type Instrumentation } from '../../../common/model/instrumentation';
import { LIMITS } from '../../../common/service/limits';
import type { Load } from '../../../common/model/load';
import type { Exception, ProbeState } from '../../../common/wire/message';
import { metricName } from '../../../common/model/metric';
import { printPredicate } from '../../../common/model/predicate/predicate';
import type { Probe, Source } from '../sources/source';
import { LossReport } from './loss-report';

/** Characters from the end of a verifier's or tracer's log that are sent to the config service. */
export const PROBE_LOG_LENGTH = 8192;

interface GatheringCounts {
  reports: number;
  /** Readings that failed. */
  errors: number;
  /** Seconds at which the previous reading had not finished. */
  late: number;
  /** Readings of more or less than whole seconds (the process stood still): not sent, their events lost. */
  uneven: number;
}

export class Gathering {
  readonly fqid: string;
  readonly instrumentation: Instrumentation;
  /** Seconds that one report covers: 1 or 5. */
  readonly period: number;
  readonly counts: GatheringCounts = { reports: 0, errors: 0, late: 0, uneven: 0 };
  state: ProbeState = 'enabling';
  source: Source | undefined;
  probe: Probe | undefined;
  reason: string | undefined;
  /** The second from which enabling is tried again, if it failed. */
  retryAt: number | undefined;
  /** How often it was stopped for its cost without a long enough run in between, and when it was started again. */
  costly = 0;
  cameBack: number | undefined;
  /** Gathered in part: what the probe cannot see (Probe.shortfall) and what is lost, as last reported. */
  shortfall: string | undefined;
  log: string | undefined;
  /** What it costs this node, counted for one second now and then (costs.ts). */
  load: Load | undefined;
  /** The load has not been reported yet. */
  loadIsNew = false;
  /** First second that the probe is counting now, when it began at a boundary of the period. */
  covers: number | undefined;
  /** The second at which the probe itself ends the current period; undefined: flip() ends it. */
  until: number | undefined;
  /** A whole report has been due: since then every event is either in a report or lost. */
  begun = false;
  /** The last reading has not finished. */
  reading = false;
  /** Events that the next report counts as lost. */
  lost = 0;
  /** Why events are lost, for people. */
  readonly losses = new LossReport();
  /** Readings that failed in a row. */
  failures = 0;

  constructor(instrumentation: Instrumentation) {
    this.instrumentation = instrumentation;
    this.fqid = fqid(instrumentation);
    this.period = reportSeconds(instrumentation.granularity);
  }

  get metric(): string {
    return metricName(this.instrumentation);
  }

  /** As it is reported to the config service, if it is an exception (wanted.ts). */
  standing(): Exception {
    const reason = this.reason ?? this.shortfall;
    return {
      fqid: this.fqid,
      state: this.state,
      ...(this.source === undefined ? {} : { source: this.source.name }),
      ...(reason === undefined ? {} : { reason: reason.slice(0, LIMITS.reasonLength) }),
      // The end of a log has the error.
      ...(this.log === undefined || this.log === '' ? {} : { log: this.log.slice(-PROBE_LOG_LENGTH) }),
    };
  }

  /** Everything about it, as one row of status. */
  row(): GatheringStatus {
    const { predicate, decomposition, granularity } = this.instrumentation;
    return {
      ...this.standing(),
      metric: this.metric,
      predicate: printPredicate(predicate),
      decomposition,
      granularity,
      ...this.counts,
      ...this.load,
    };
  }

  /** True when both would be gathered in the same way; all other differences concern the aggregator only. */
  isSameAs(other: Instrumentation): boolean {
    return gatheredOf(this.instrumentation) === gatheredOf(other);
  }
}

function gatheredOf(i: Instrumentation): string {
  const { module, stat, predicate, decomposition, fields, valueScope, granularity, enabled } = i;
  const sorted = Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([
    module,
    stat,
    predicate,
    decomposition,
    sorted,
    valueScope,
    reportSeconds(granularity),
    enabled,
  ]);
}
