/* The status of a simulated instrumenter. In: the known properties. Out: its whole status. */
import type { GatheringStatus, InstrumenterStatus } from '../../common/api/status';

type Known = Partial<Omit<InstrumenterStatus, 'counters' | 'instrumentations'>> & {
  readonly host: string;
  readonly counters?: Partial<InstrumenterStatus['counters']>;
  readonly instrumentations?: readonly (Pick<GatheringStatus, 'fqid'> & Partial<GatheringStatus>)[];
};

export function dummyStatus({ counters, instrumentations = [], ...known }: Known): InstrumenterStatus {
  return {
    service: 'instrumenter',
    started: 0,
    pid: 0,
    memory: 0,
    bus: { ok: true, selfPingMs: 0, sharedUser: false },
    sources: [],
    ...known,
    instrumentations: instrumentations.map((row) => ({ ...GATHERING, ...row })),
    counters: { ...COUNTERS, ...counters },
  };
}

const GATHERING = {
  state: 'enabled' as const,
  metric: '',
  predicate: 'true',
  decomposition: [],
  granularity: 1,
  reports: 0,
  errors: 0,
  late: 0,
  uneven: 0,
};

const COUNTERS = {
  ticks: 0,
  ticksMissed: 0,
  enables: 0,
  disables: 0,
  clockSteps: 0,
  reportsSent: 0,
  reportsLost: 0,
  reportsResent: 0,
  reportsQueued: 0,
  received: 0,
  sent: 0,
  malformed: 0,
  refused: 0,
  unroutable: 0,
};
