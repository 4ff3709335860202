/*
 * postgres.queries: each query that a PostgreSQL server has run to its end. bpf sees both protocols: a simple query from
 * its arrival to the end of its transaction, where it is one of its own; of prepared and parametrized ones, each
 * execution (parsing, planning and the commit are messages of their own there).
 */
import { DURATIONS, ILLUMOS_PROGRAM, span, STARTS, substring } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import {
  argument,
  equal,
  global,
  kept,
  plus,
  task,
  userNumber,
  userText,
  type Expression,
} from '../language/expression';
import { named, rewritten, tracepoint } from '../language/observation';
import { CPU_STARTS, cpuSinceStart, leavingCpu, RUNNING, sinceStart } from '../process';
import { entry, POSTGRES, returnOf, usdt, userMoment } from '../user';
import { POSTGRESQL, tableOf } from '../sql-table';
import { normalForm } from './normal-form';
import { firstWord, kindOf, STATEMENTS } from '../sql-statement';

/** Including the NUL: longer statements are cut. */
const QUERY_BYTES = 96;
/** Of the normal form, which is shorter because it has no literals. */
const NORMAL_BYTES = 240;

/** The key of a thread's execution of a portal differs from that of the query around it by the byte that its address points to. */
const executionBy = (thread: Expression): Expression => plus(thread, 1);
const execution = executionBy(task);
/** Destination of the results of an Execute message: DestRemoteExecute of tcop/dest.h, after four function pointers. */
const isExecuteMessage = equal(userNumber(plus(argument(4), 32), 4), 3);

const begun = (query: Expression): Record<string, Expression> => ({
  ...CPU_STARTS,
  query,
  word: firstWord(query),
});
const FIELDS = {
  ...RUNNING,
  querysubstr: userText(kept('query'), QUERY_BYTES),
  querynormal: rewritten(userText(kept('query'), NORMAL_BYTES), normalForm),
  table: rewritten(userText(kept('query'), NORMAL_BYTES), tableOf(POSTGRESQL, NORMAL_BYTES)),
  statement: named(kindOf(kept('word')), STATEMENTS),
  latency: sinceStart,
  cputime: cpuSinceStart,
};

export const postgresQueries: MetricDescription = {
  module: 'postgres',
  stat: 'queries',
  label: 'queries',
  question: 'Which queries are slow?',
  synonyms: [
    'sql',
    'postgresql',
    'pg',
    'database',
    'slow query',
    'query latency',
    'pg_stat_statements',
    'select',
    'insert',
    'update',
    'slow',
    'table',
  ],
  misses: [
    'queries that fail or are cancelled',
    'that one message holds several statements: they are one query, of the first one’s kind',
    'of a statement that names several tables all but the first; a table behind the first 239 bytes',
  ],
  unit: 'queries',
  interval: 'interval',
  fields: [
    ...PROCESS_FIELDS,
    'querynormal',
    'querysubstr',
    'table',
    'statement',
    'latency',
    'cputime',
    'subsecond',
  ],
  bpf: {
    probes: [
      {
        at: userMoment(POSTGRES, usdt('postgresql', 'query__start'), entry('exec_simple_query')),
        steps: [
          { kind: 'keep', by: 'thread', values: begun(argument(0)) },
          // A query that failed.
          { kind: 'forget', by: execution },
        ],
      },
      {
        at: userMoment(POSTGRES, usdt('postgresql', 'query__done'), returnOf('exec_simple_query')),
        steps: [{ kind: 'count', by: 'thread', fields: FIELDS }],
      },
      {
        at: userMoment(POSTGRES, entry('PortalRun')),
        steps: [
          {
            kind: 'keep',
            by: execution,
            when: isExecuteMessage,
            values: begun(userNumber(global('debug_query_string'))),
          },
        ],
      },
      {
        at: userMoment(POSTGRES, returnOf('PortalRun')),
        steps: [{ kind: 'count', by: execution, fields: FIELDS }],
      },
      leavingCpu((of) => of, executionBy),
      { at: tracepoint('sched_process_exit'), steps: [{ kind: 'forget', by: execution }] },
    ],
  },
  dtrace: {
    illumos: span({
      from: ['postgresql*:::query-start'],
      to: ['postgresql*:::query-done'],
      by: 'thread',
      keep: { ...STARTS, query: 'copyinstr(arg0)' },
      fields: { ...ILLUMOS_PROGRAM, querysubstr: substring('{query}'), ...DURATIONS },
    }),
  },
};
