/*
 * How it stands with one instrumentation: which nodes do what, and what its aggregator was told. In: reports of nodes.
 * Out: for people, the state of each node; for the aggregator, who should report.
 */
import type { Aggregator, Node } from './members';
import type { ProbeState } from '../../../common/wire/message';
import type { Stored } from '../state/store';

/** One node's part, for people. */
export interface NodeState {
  readonly node: string;
  /** unsupported: no source of the node has the metric with these fields. */
  readonly state: ProbeState | 'unsupported';
  readonly source?: string;
  readonly reason?: string;
  readonly log?: string;
}

interface Told {
  readonly source?: string | undefined;
  readonly reason?: string | undefined;
  readonly log?: string | undefined;
}

/** What we want of somebody, what we last told them, and when we may say it again. */
export interface Dealing {
  busy: boolean;
  failures: number;
  retryAt: number;
}

export interface Part extends Dealing {
  node: Node;
  /** unknown: it was told before it said hello again, or an answer is missing. */
  told: 'on' | 'off' | 'unknown';
  state: ProbeState;
  source: string | undefined;
  reason: string | undefined;
  log: string | undefined;
}

export class Job {
  readonly id: string;
  record: Stored;
  removed = false;
  /** Came from disk: its nodes are gathering, and its home may hold its data already. */
  readonly restored: boolean;
  readonly parts = new Map<string, Part>();
  readonly home: Dealing & {
    version: number;
    toldVersion: number;
    toldTo: Aggregator | undefined;
    reason: string;
  } = {
    busy: false,
    failures: 0,
    retryAt: 0,
    version: 1,
    toldVersion: 0,
    toldTo: undefined,
    reason: '',
  };

  constructor(id: string, record: Stored, restored: boolean) {
    this.id = id;
    this.record = record;
    this.restored = restored;
  }

  part(node: Node): Part {
    const known = this.parts.get(node.key);
    if (known !== undefined) return known;
    const part: Part = {
      node,
      told: 'unknown',
      state: 'enabling',
      source: undefined,
      reason: undefined,
      log: undefined,
      busy: false,
      failures: 0,
      retryAt: 0,
    };
    this.parts.set(node.key, part);
    return part;
  }

  /** Names of nodes that should report values now. */
  reporting(): string[] {
    return [...this.parts.values()].filter((part) => part.state === 'enabled').map((part) => part.node.host);
  }

  /** The set of reporting nodes may have changed when this returns true: the aggregator must hear of it. */
  setState(part: Part, state: ProbeState, more: Told = {}): boolean {
    const changed = (part.state === 'enabled') !== (state === 'enabled');
    part.state = state;
    part.source = more.source ?? (state === 'enabled' ? part.source : undefined);
    part.reason = more.reason;
    part.log = more.log;
    if (changed) this.home.version++;
    return changed;
  }

  forget(node: Node): boolean {
    const part = this.parts.get(node.key);
    this.parts.delete(node.key);
    if (part?.state !== 'enabled') return false;
    this.home.version++;
    return true;
  }
}

export function describePart({ node, state, source, reason, log }: Part): NodeState {
  return {
    node: node.host,
    state,
    ...(source === undefined ? {} : { source }),
    ...(reason === undefined ? {} : { reason }),
    ...(log === undefined ? {} : { log }),
  };
}
