/*
 * Requests the status of all services. In: the bus and the front door, each of which may be down. Out: the answers with their
 * times, and the services that did not answer. Next: diagnose.ts, which says what is wrong.
 *
 * One status message goes to the config service and one to the broadcast key, so that aggregators and instrumenters are
 * found even when the config service is away. It ends when all services that the config service knows have answered, or
 * when the time is up.
 */
import type { ServiceKind, Statuses } from '../../../common/api/status';
import { CaError, messageOf } from '../../../common/service/errors';
import type { AnswerBody } from '../../../common/wire/peer';
import { description, type Description } from './resources';
import { serviceOfKey } from './services';
import type { Session } from './session';
import { withoutPassword } from '../../../common/service/broker-url';

export interface Answered {
  readonly key: string;
  /** config, aggregator.n1-0, instrumenter.n1 */
  readonly service: string;
  readonly host: string;
  readonly ms: number;
  /** Its clock minus ours; wrong by at most half of `ms`. */
  readonly clockMs: number;
  /** Or the error in its status. */
  readonly status: Statuses[ServiceKind] | { readonly service: 'odd'; readonly problem: string };
}

/** A valid status of a kind of service. */
export interface Described<K extends ServiceKind> extends Answered {
  readonly status: Statuses[K];
}

export interface Survey {
  readonly url: string;
  readonly brokerUrl: string | undefined;
  /** Milliseconds that connecting took, or why it could not. */
  readonly broker: { readonly ms: number } | { readonly failure: string; readonly timedOut: boolean };
  readonly front: { readonly ms: number; readonly description: Description } | { readonly failure: string };
  readonly answered: readonly Answered[];
  /** Services that the config service knows and that did not answer. */
  readonly silent: readonly string[];
  readonly timeoutMs: number;
  readonly now: number;
}

export async function survey(session: Session): Promise<Survey> {
  const { target, timeoutMs } = session;
  const base = {
    url: target.url,
    brokerUrl: target.amqpUrl === undefined ? undefined : withoutPassword(target.amqpUrl),
    timeoutMs,
    now: session.io.clock.now(),
  };
  // Loading the broker's client takes half a second of CPU, which must not count in the front door's time limit.
  await import('./bus.js');
  const [front, overBus] = await Promise.all([askFront(session), askBus(session)]);
  return { ...base, front, ...overBus };
}

async function askFront(session: Session): Promise<Survey['front']> {
  const from = performance.now();
  try {
    const found = await description(session.front);
    return { ms: performance.now() - from, description: found };
  } catch (error) {
    return { failure: messageOf(error) };
  }
}

async function askBus(session: Session): Promise<Pick<Survey, 'broker' | 'answered' | 'silent'>> {
  let bus;
  try {
    bus = await session.bus();
  } catch (error) {
    const timedOut = error instanceof CaError && error.code === 'TIMED_OUT';
    return { broker: { failure: messageOf(error), timedOut }, answered: [], silent: [] };
  }
  const { peer, routes, connectMs } = bus;
  const answers = new Map<string, Answered>();
  let expected: Set<string> | undefined;
  let finish: () => void = () => undefined;
  const all = new Promise<void>((resolve) => (finish = resolve));
  const sent = session.io.clock.now();
  const from = performance.now();
  // Loads the schemas, which takes longer than most commands do.
  const { readStatus } = await import('../../../common/api/status.js');
  const described = (service: string, plain: AnswerBody): Answered['status'] => {
    try {
      return readStatus(plain, kindOf(service));
    } catch (error) {
      return { service: 'odd', problem: messageOf(error) };
    }
  };
  const note = (status: AnswerBody, message: { from: string; host: string; time: number }): boolean => {
    const ms = performance.now() - from;
    const { from: key, host, time } = message;
    const clockMs = Math.round(time - sent - ms / 2);
    const service = serviceOfKey(key, routes);
    const answered = { key, service, host, ms, clockMs, status: described(service, status) };
    answers.set(key, answered);
    if (key === routes.config && isOf(answered, 'config')) expected = new Set(membersOf(answered));
    const done = expected !== undefined && [...expected].every((member) => answers.has(member));
    if (done) finish();
    return done;
  };
  // Each gather ends at the time limit by itself; `all` ends both early.
  const asking = [routes.config, routes.broadcast].map((key) =>
    peer.gather(key, 'status', {}, session.timeoutMs, note).catch(() => undefined),
  );
  await Promise.race([all, Promise.all(asking)]);
  const { ok, reason = '' } = peer.health;
  // The broker blocks messages (full disk and the like), so no service can answer.
  if (!ok && answers.size === 0)
    return { broker: { failure: reason, timedOut: false }, answered: [], silent: [] };
  const silent = [...(expected ?? [routes.config])].filter((key) => !answers.has(key));
  return {
    broker: { ms: connectMs },
    answered: [...answers.values()].sort((a, b) => order(a) - order(b) || compare(a.service, b.service)),
    silent: silent.map((key) => serviceOfKey(key, routes)),
  };
}

/** Routing keys of all members that the config service counts as online. */
function membersOf({ status: { aggregators, instrumenters } }: Described<'config'>): string[] {
  return [...aggregators, ...instrumenters].map(({ key }) => key);
}

/** instrumenter.n1 -> instrumenter */
function kindOf(service: string): ServiceKind {
  if (service === 'config') return service;
  return service.startsWith('aggregator.') ? 'aggregator' : 'instrumenter';
}

function isOf<K extends ServiceKind>(a: Answered, kind: K): a is Described<K> {
  return a.status.service === kind;
}

export function answersOf<K extends ServiceKind>(
  { answered }: Pick<Survey, 'answered'>,
  kind: K,
): Described<K>[] {
  return answered.filter((a): a is Described<K> => isOf(a, kind));
}

/** The config service's status; undefined while it is away. */
export function configIn(s: Pick<Survey, 'answered'>): Described<'config'>['status'] | undefined {
  return answersOf(s, 'config')[0]?.status;
}

function order({ service }: Answered): number {
  return service === 'config' ? 0 : service.startsWith('aggregator') ? 1 : 2;
}

function compare(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
