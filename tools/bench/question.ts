/*
 * An instrumentation for measurements that have no config service: latency of system calls.
 */
import type { Instrumentation } from '../../common/model/instrumentation';
import { parsePredicate } from '../../common/model/predicate/predicate';

export function question(id: string, decomposition: readonly string[] = ['latency']): Instrumentation {
  return {
    id,
    module: 'syscall',
    stat: 'syscalls',
    predicate: parsePredicate({}, () => undefined),
    decomposition,
    fields: { execname: 'string', latency: 'time' },
    valueScope: 'interval',
    granularity: 1,
    retentionTime: 600,
    idleMax: 3600,
    persistData: false,
    enabled: true,
    crtime: 0,
  };
}
