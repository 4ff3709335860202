/*
 * The schedule of faults. In: a seed, a duration, the members. Out: a list of faults in order of time, the same for the
 * same seed. Kinds are dealt like cards: each comes once before any comes twice, so that a short run has seen most of them.
 */
import { Random } from '../../services/instrumenter/sources/synthetic/random';

export type Fault =
  | { readonly kind: 'reset' | 'truncate'; readonly target: string; readonly amount: number }
  | {
      readonly kind: 'black hole' | 'delay' | 'throttle' | 'refuse';
      readonly target: string;
      readonly amount: number;
      readonly forMs: number;
    }
  | { readonly kind: 'kill'; readonly target: string }
  | { readonly kind: 'freeze'; readonly target: string; readonly forMs: number }
  | { readonly kind: 'power cut'; readonly target: string; readonly forMs: number }
  | { readonly kind: 'kill broker' | 'memory alarm' | 'permissions'; readonly forMs: number }
  | { readonly kind: 'delete queue'; readonly target: string };

interface Planned {
  /** Milliseconds after the beginning. */
  readonly at: number;
  readonly fault: Fault;
}

interface Parties {
  /** Connections to the broker that go through a proxy. */
  readonly links: readonly string[];
  /** Services that may be killed: a link each, too. */
  readonly services: readonly string[];
  /** Nodes that lose power together: a link each, too. */
  readonly fleets: readonly string[];
}

/** Between two faults; some last longer, and overlap. */
const PAUSE_MS = [3500, 6500] as const;

export function plan(seed: number, durationMs: number, parties: Parties): Planned[] {
  const random = new Random(seed);
  const faults: Planned[] = [];
  let deck: (() => Fault)[] = [];
  // The first one comes when values flow; the last one leaves time to be felt.
  for (let at = 2000; at < durationMs - 2000; at += random.between(...PAUSE_MS)) {
    if (deck.length === 0) deck = shuffled(random, cards(random, parties));
    const card = deck.pop();
    if (card !== undefined) faults.push({ at, fault: card() });
  }
  return faults;
}

function cards(random: Random, { links, services, fleets }: Parties): (() => Fault)[] {
  const one = (of: readonly string[]): string => of[random.between(0, of.length - 1)] ?? '';
  const link = (): string => one(links);
  const aggregator = (): string => one(services.filter((name) => name.startsWith('aggregator')));
  return [
    ...services.map((target) => () => ({ kind: 'kill', target }) as const),
    () => ({ kind: 'freeze', target: one(services), forMs: random.between(1000, 20_000) }),
    () => ({ kind: 'freeze', target: aggregator(), forMs: random.between(32_000, 50_000) }), // until it is given up
    () => ({ kind: 'power cut', target: one(fleets), forMs: random.between(1000, 20_000) }),
    () => ({ kind: 'reset', target: link(), amount: 0 }),
    () => ({ kind: 'reset', target: link(), amount: 0 }),
    () => ({ kind: 'truncate', target: link(), amount: random.between(1, 200) }),
    () => ({ kind: 'black hole', target: link(), amount: 0, forMs: random.between(2000, 14_000) }),
    () => ({ kind: 'black hole', target: link(), amount: 0, forMs: random.between(2000, 14_000) }),
    () => ({
      kind: 'delay',
      target: link(),
      amount: random.between(100, 1500),
      forMs: random.between(2000, 6000),
    }),
    () => ({
      kind: 'throttle',
      target: link(),
      amount: random.between(500, 20_000),
      forMs: random.between(2000, 8000),
    }),
    () => ({ kind: 'refuse', target: link(), amount: 0, forMs: random.between(1000, 5000) }),
    () => ({ kind: 'kill broker', forMs: random.between(0, 3000) }),
    () => ({ kind: 'memory alarm', forMs: random.between(1000, 6000) }),
    () => ({ kind: 'permissions', forMs: random.between(500, 3000) }),
    () => ({ kind: 'delete queue', target: one(services) }),
  ];
}

function shuffled<T>(random: Random, items: T[]): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.between(0, i);
    [items[i], items[j]] = [items[j] as T, items[i] as T];
  }
  return items;
}

/** For people. */
export function describeFault(fault: Fault): string {
  const lasting = 'forMs' in fault ? ` for ${(fault.forMs / 1000).toFixed(1)} s` : '';
  switch (fault.kind) {
    case 'reset':
      return `reset the connections of ${fault.target}`;
    case 'truncate':
      return `cut the next piece to ${fault.target} after ${fault.amount} bytes`;
    case 'black hole':
      return `a black hole in front of ${fault.target}${lasting}`;
    case 'delay':
      return `delay ${fault.target} by ${fault.amount} ms${lasting}`;
    case 'throttle':
      return `throttle ${fault.target} to ${fault.amount} bytes/s${lasting}`;
    case 'refuse':
      return `refuse connections of ${fault.target}${lasting}`;
    case 'kill':
      return `kill -9 ${fault.target}`;
    case 'freeze':
      return `freeze ${fault.target}${lasting}`;
    case 'power cut':
      return `cut the power of all nodes of ${fault.target}${lasting}`;
    case 'kill broker':
      return `kill -9 the broker, start it again after ${(fault.forMs / 1000).toFixed(1)} s`;
    case 'memory alarm':
      return `memory alarm${lasting}`;
    case 'permissions':
      return `take all permissions away${lasting}`;
    case 'delete queue':
      return `delete the queue of ${fault.target}`;
  }
}
