/*
 * One node of the fleet: an instrumenter that gathers nothing. In: messages for its key,
 * the seconds of its own clock. Out: hello, answers, and one data message for each second. Next: common/wire/data.ts.
 */
import type { DataMessage, Report } from '../../common/wire/data';
import { messageOf } from '../../common/service/errors';
import { fqid, reportSeconds, type Instrumentation } from '../../common/model/instrumentation';
import type { Body, Message, MessageType, WireCatalogue } from '../../common/wire/message';
import type { Routes } from '../../common/wire/route';
import { Outbox, type OutboxCounts, REPORTS_PER_MESSAGE } from '../../services/instrumenter/gather/outbox';
import type { Parcel } from '../../services/instrumenter/gather/parcel';
import { Wanted } from '../../services/instrumenter/gather/wanted';
import { dummyStatus } from './dummy-status';
import type { Foretold } from './oracle';

export interface NodeOptions {
  readonly name: string;
  readonly routes: Routes;
  readonly oracle: Foretold;
  /** Its catalogue; one object for all nodes with the same catalogue. */
  readonly catalogue: WireCatalogue;
  /** How far its clock is ahead of the real one, ms. */
  readonly skewMs: number;
  /** True time, ms since 1970. */
  readonly now: () => number;
  readonly tell: <T extends MessageType>(to: string, type: T, body: Body<T>) => void;
  /** False when the message was not accepted. */
  readonly send: (keys: readonly string[], message: DataMessage) => boolean;
  /** Messages that the broker does not accept wait, and sent ones are kept, as with a real instrumenter. */
  readonly patient?: boolean;
  /** Called for every report before it is sent. */
  readonly made?: (node: string, parcel: Parcel) => void;
  /** Called for every report that waited for too long. */
  readonly gaveUp?: (node: string, parcel: Parcel) => void;
}

interface Gathering {
  readonly instrumentation: Instrumentation;
  readonly key: string;
  /** First second (by the node's clock) that is whole. */
  readonly since: number;
  readonly period: number;
}

/** Nodes that begin in the same second share it: 10,000 nodes with 100 questions each are a million. */
const gatherings = new WeakMap<Instrumentation, Gathering>();

export class SyntheticNode {
  readonly name: string;
  readonly key: string;
  readonly skewMs: number;
  readonly counts = { messages: 0, reports: 0, lost: 0, refused: 0 };
  private up = false;
  private readonly gatherings = new Map<string, Gathering>();
  private readonly options: NodeOptions;
  private outbox: Outbox | undefined;
  private wanted: Wanted;
  private helloAt: NodeJS.Timeout | undefined;

  constructor(options: NodeOptions) {
    this.options = options;
    this.name = options.name;
    this.skewMs = options.skewMs;
    this.key = options.routes.instrumenter(options.name);
    this.wanted = this.freshWanted();
  }

  get running(): boolean {
    return this.up;
  }

  get fqids(): string[] {
    return [...this.gatherings.keys()];
  }

  start(): void {
    this.up = true;
    const { name: host, routes, now, patient } = this.options;
    // Without power nothing more is sent, not even waiting reports.
    const send: NodeOptions['send'] = (keys, message) => this.up && this.options.send(keys, message);
    const clock = { now: () => now() + this.skewMs, everySecond: () => () => undefined };
    const gaveUp = (parcel: Parcel): void => this.options.gaveUp?.(host, parcel);
    this.outbox = patient === true ? new Outbox({ host, routes, clock, send, gaveUp }) : undefined;
    this.hello();
  }

  /** Orderly: it sends a goodbye. Otherwise it is just silent, as after a power cut. It forgets everything either way. */
  stop(orderly: boolean): void {
    if (orderly && this.up) {
      this.outbox?.flush();
      this.tell('offline', {});
    }
    this.up = false;
    clearTimeout(this.helloAt);
    this.wanted.close();
    this.wanted = this.freshWanted();
    this.gatherings.clear();
    this.outbox?.close();
    this.outbox = undefined;
  }

  /** The broker is reachable again. */
  connected(): void {
    this.hello();
    this.outbox?.flush();
  }

  /** Reports that were dropped, and those that an aggregator requested again. */
  get patience(): OutboxCounts | undefined {
    return this.outbox?.counts;
  }

  hello(): void {
    if (this.up) this.tell('instrumenter_online', { standing: this.wanted.standing });
  }

  alive(): void {
    if (this.up) this.tell('alive', { standing: this.wanted.standing });
  }

  receive(message: Message): void {
    if (!this.up) return;
    const answer = (body: Record<string, unknown>): void => {
      this.options.tell(message.from, 'answer', { to: message.id, body });
    };
    switch (message.type) {
      case 'config_online':
        clearTimeout(this.helloAt);
        this.helloAt = setTimeout(() => {
          this.hello();
        }, this.wanted.pauseMs(message.body.fleet));
        break;
      case 'gathers':
        this.wanted.take(message.body);
        break;
      case 'content': {
        const content = this.wanted.content(message.body.digest);
        answer(content === undefined ? {} : { content });
        break;
      }
      case 'resend':
        try {
          answer({ unknown: this.outbox?.resend(message.body.items) ?? message.body.items });
        } catch (error) {
          const what = { code: 'NO_RESOURCE', message: messageOf(error) };
          this.options.tell(message.from, 'answer', { to: message.id, error: what });
        }
        break;
      case 'ping':
        answer({ time: this.options.now() + this.skewMs });
        break;
      case 'status':
        answer(
          dummyStatus({
            host: this.name,
            instrumentations: this.fqids.map((fqid) => ({ fqid })),
            counters: {
              reportsSent: this.counts.reports,
              reportsLost: this.counts.lost,
              sent: this.counts.messages,
            },
          }),
        );
        break;
      default:
        break;
    }
  }

  /** The second by the node's own clock has ended: sends what covers it. */
  report(second: number): void {
    if (!this.up || this.gatherings.size === 0) return;
    const { oracle } = this.options;
    const due = [...this.gatherings.values()].filter(
      ({ period, since }) => (second + 1) % period === 0 && second + 1 - period >= since,
    );
    for (const duration of new Set(due.map(({ period }) => period))) {
      const alike = due.filter(({ period }) => period === duration);
      for (let i = 0; i < alike.length; i += REPORTS_PER_MESSAGE) {
        this.send(second + 1 - duration, duration, alike.slice(i, i + REPORTS_PER_MESSAGE), oracle);
      }
    }
  }

  private send(second: number, duration: number, gatherings: readonly Gathering[], oracle: Foretold): void {
    if (oracle.isLost(this.name, second)) {
      this.counts.lost += gatherings.length;
      return;
    }
    const reports: Report[] = gatherings.map(({ instrumentation }) => ({
      fqid: fqid(instrumentation),
      value: oracle.value(instrumentation, this.name, second),
      lost: 0,
    }));
    for (const [i, report] of reports.entries()) {
      const snapshot = gatherings[i]?.instrumentation.valueScope === 'point';
      const parcel = { second, duration, report, ...(snapshot ? { snapshot } : {}) };
      this.options.made?.(this.name, parcel);
      this.outbox?.put(parcel);
    }
    if (this.outbox !== undefined) {
      this.counts.messages++;
      this.counts.reports += reports.length;
      return;
    }
    const sent = this.options.now() + this.skewMs;
    const keys = gatherings.map(({ key }) => key);
    if (this.options.send(keys, { node: this.name, second, duration, sent, reports })) {
      this.counts.messages++;
      this.counts.reports += reports.length;
    } else {
      this.counts.refused += reports.length;
    }
  }

  private freshWanted(): Wanted {
    return new Wanted({
      host: this.name,
      catalogue: () => this.options.catalogue,
      enable: (instrumentation) => {
        this.enable(instrumentation);
        return Promise.resolve();
      },
      disable: (id) => {
        this.gatherings.delete(id);
        return Promise.resolve();
      },
      tell: (standing) => {
        if (this.up) this.tell('alive', { standing });
      },
      ask: () => {
        if (this.up) this.tell('want_gathers', {});
      },
    });
  }

  private enable(instrumentation: Instrumentation): void {
    const id = fqid(instrumentation);
    const period = reportSeconds(instrumentation.granularity);
    const next = Math.floor((this.options.now() + this.skewMs) / 1000) + 1;
    const since = this.gatherings.get(id)?.since ?? Math.ceil(next / period) * period;
    let shared = gatherings.get(instrumentation);
    if (shared?.since !== since) {
      shared = { instrumentation, key: this.options.routes.instrumentation(id), period, since };
      gatherings.set(instrumentation, shared);
    }
    this.gatherings.set(id, shared);
  }

  private tell<T extends MessageType>(type: T, body: Body<T>): void {
    this.options.tell(this.options.routes.config, type, body);
  }
}
