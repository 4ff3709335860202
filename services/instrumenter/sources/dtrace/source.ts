/*
 * The dtrace source: metrics that have clauses for this system, gathered by one dtrace process each.
 * In: an instrumentation. Out: a probe, once dtrace has compiled and attached; nothing else waits for that.
 * Next: program.ts, probe.ts.
 */
import type { Clock } from '../../../../common/service/clock';
import type { Instrumentation } from '../../../../common/model/instrumentation';
import { metricName, type MetricName } from '../../../../common/model/metric';
import type { Clause } from '../../metrics/language/clause';
import { METRICS } from '../../metrics/registry';
import { EnableError, type Offer, type Probe, type Source } from '../source';
import { findDtrace, type Dtrace } from './find';
import { listProbes, missingProbe, type Listing } from './listing';
import { enableProbe } from './probe';
import { fieldsOf, programOf } from './program';

interface DtraceOptions {
  readonly host: string;
  readonly clock: Clock;
  /** Nanoseconds of a monotonic clock. */
  readonly elapsed: () => number;
  /** CA_DTRACE: absolute path of dtrace. */
  readonly dtrace?: string | undefined;
  /** PATH, used without CA_DTRACE. */
  readonly searchPath?: string | undefined;
}

/** Rejects with one sentence if there is no dtrace, or it may not be used. */
export async function openDtrace(options: DtraceOptions): Promise<Source> {
  const dtrace = await findDtrace(options.dtrace, options.searchPath ?? '');
  const listing = await listProbes(dtrace);
  return new DtraceSource(dtrace, listing, options);
}

type Plan = { readonly clauses: readonly Clause[] } | { readonly unavailable: string };

class DtraceSource implements Source {
  readonly name = 'dtrace';
  private readonly path: string;
  private readonly options: DtraceOptions;
  private readonly plans = new Map<MetricName, Plan>();
  private readonly ending = new AbortController();
  /** One compiles and attaches at a time: each keeps a CPU busy for a second. */
  private turnstile: Promise<void> = Promise.resolve();
  private readonly enabling = new Set<Promise<Probe>>();

  constructor({ path, system }: Dtrace, listing: Listing, options: DtraceOptions) {
    this.path = path;
    this.options = options;
    for (const metric of METRICS) {
      if (metric.dtrace === undefined) continue;
      const clauses = metric.dtrace[system];
      this.plans.set(metricName(metric), planOf(clauses, system, listing));
    }
  }

  offers(): readonly Offer[] {
    return [...this.plans].map(([metric, plan]) =>
      'unavailable' in plan
        ? { metric, unavailable: plan.unavailable }
        : { metric, fields: fieldsOf(plan.clauses) },
    );
  }

  async enable(instrumentation: Instrumentation): Promise<Probe> {
    const plan = this.plans.get(metricName(instrumentation));
    if (plan === undefined) throw new EnableError('DTrace does not observe this metric');
    if ('unavailable' in plan) throw new EnableError(plan.unavailable);
    const program = programOf(instrumentation, plan.clauses, {
      host: this.options.host,
      architecture: process.arch === 'arm64' ? 'arm64' : 'x64',
    });
    const enabling = this.inTurn((attached) =>
      enableProbe(this.path, program, this.options, this.ending.signal, attached),
    );
    this.enabling.add(enabling);
    return enabling.finally(() => this.enabling.delete(enabling));
  }

  private async inTurn(enable: (attached: () => void) => Promise<Probe>): Promise<Probe> {
    const before = this.turnstile;
    let leave: () => void = () => undefined;
    this.turnstile = new Promise((resolve) => (leave = resolve));
    await before;
    try {
      return await enable(leave);
    } finally {
      leave();
    }
  }

  /** Ends those that are being enabled; the others have been closed one by one. */
  async close(): Promise<void> {
    this.ending.abort();
    await Promise.allSettled(this.enabling);
  }
}

function planOf(clauses: readonly Clause[] | undefined, system: string, listing: Listing): Plan {
  if (clauses === undefined) return { unavailable: `there is no such probe on ${system}` };
  // Except on illumos, probes of user programs also need a daemon; without it none is listed.
  const userProbes = system === 'illumos' || listing.some((probe) => /\d$/.test(probe.provider));
  const unavailable = missingProbe(clauses, listing, userProbes);
  return unavailable === undefined ? { clauses } : { unavailable };
}
