/*
 * For tests: an instrumentation in one line, a scripted source, a clock that is moved by hand.
 */
import type { Clock } from '../../../common/service/clock';
import type { Instrumentation } from '../../../common/model/instrumentation';
import { metricName } from '../../../common/model/metric';
import { parsePredicate } from '../../../common/model/predicate/predicate';
import type { TypeName } from '../../../common/model/field';
import { describe } from '../metrics/registry';
import { FIELDS } from '../metrics/language/fields';
import type { Offer, Probe, Reading, Source, SourceName } from '../sources/source';

/** ask('cpu.cpus', ['utilization'], { id: '7' }) */
export function ask(
  metric: string,
  decomposition: readonly string[] = [],
  more: Partial<Omit<Instrumentation, 'predicate'>> & { predicate?: unknown } = {},
): Instrumentation {
  const [module = '', stat = ''] = metric.split('.');
  const description = describe(metricName({ module, stat }));
  const typeOf = (field: string): TypeName | undefined => FIELDS[field as keyof typeof FIELDS].type;
  const names = description?.fields ?? decomposition;
  return {
    id: '1',
    module,
    stat,
    decomposition,
    fields: Object.fromEntries(names.map((field) => [field, typeOf(field) ?? 'string'])),
    valueScope: description?.interval ?? 'interval',
    granularity: 1,
    retentionTime: 600,
    idleMax: 3600,
    persistData: false,
    enabled: true,
    crtime: 0,
    ...more,
    predicate: parsePredicate(more.predicate ?? {}, typeOf),
  };
}

export class HandClock implements Clock {
  time: number;

  constructor(second: number) {
    this.time = second * 1000;
  }

  now(): number {
    return this.time;
  }

  everySecond(): () => void {
    throw new Error('tests tick by hand');
  }
}

/** A promise and what settles it. */
export function deferred<T>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: Error) => void;
} {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Counts turns; returns what `reading` returns. */
export class FakeProbe implements Probe {
  turns = 0;
  closed = false;
  /** Events counted so far in the open second; a flip closes it. */
  events = 0;
  lost = 0;
  private last = 0;
  onFlip: () => void = () => undefined;
  reading: () => Reading | Promise<Reading> = () => ({
    value: { shape: 'number', number: this.last },
    lost: this.lost,
  });

  flip(): void {
    this.turns++;
    this.last = this.events;
    this.events = 0;
    this.onFlip();
  }

  read(): Reading | Promise<Reading> {
    return this.reading();
  }

  close(): void {
    this.closed = true;
  }
}

export class FakeSource implements Source {
  readonly name: SourceName;
  readonly probes: FakeProbe[] = [];
  private readonly all: readonly Offer[];
  onEnable: (instrumentation: Instrumentation) => FakeProbe | Promise<FakeProbe> = () => new FakeProbe();
  settle?: () => Promise<void>;

  constructor(name: SourceName, offers: readonly Offer[]) {
    this.name = name;
    this.all = offers;
  }

  offers(): readonly Offer[] {
    return this.all;
  }

  async enable(instrumentation: Instrumentation): Promise<Probe> {
    const probe = await this.onEnable(instrumentation);
    this.probes.push(probe);
    return probe;
  }

  close(): void {
    for (const probe of this.probes) probe.close();
  }
}
