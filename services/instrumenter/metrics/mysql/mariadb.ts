/*
 * What MariaDB's server does for its clients, at functions that it exports: it has no probes of its own. In: what counts.
 * Out: observations. A statement comes as text (mysql_parse), or was prepared (mysqld_stmt_execute): then its text is
 * known when the server looks for its result in the query cache, which it does even where there is none.
 */
import {
  any,
  argument,
  bits,
  kept,
  lift,
  result,
  task,
  userText,
  type Expression,
} from '../language/expression';
import {
  named,
  rewritten,
  type FieldExpression,
  type Moment,
  type Probe,
  type Step,
} from '../language/observation';
import { DECIMALS, tableOfNames } from '../language/names';
import { CPU_STARTS, cpuSinceStart, leavingCpu, RUNNING, sinceStart } from '../process';
import { beginsWith, firstWord, kindOf, STATEMENTS } from '../sql-statement';
import { MYSQL, tableOf } from '../sql-table';
import { entry, MARIADB, returnOf, userMoment } from '../user';

/** Including the NUL: longer statements are cut. */
const QUERY_BYTES = 96;
const TABLE_BYTES = 240;

const begins = (name: string): Moment => userMoment(MARIADB, entry(name));
const ends = (name: string): Moment => userMoment(MARIADB, returnOf(name));

const DISPATCH = '_Z16dispatch_command19enum_server_command*';
const PARSE = '_Z11mysql_parseP3THD*';
const EXECUTE_PREPARED = '_Z19mysqld_stmt_executeP3THD*';
const EXECUTE = '_Z21mysql_execute_commandP3THD*';
const SORT = '_Z8filesortP3THD*';
const LOOK_IN_CACHE = begins('_ZN11Query_cache21send_result_to_clientEP3THD*');

export const DURATIONS = { latency: sinceStart, cputime: cpuSinceStart };
const FAILED = 1;

const begun = (query: Expression, parsed: number): Step => ({
  kind: 'keep',
  by: 'thread',
  values: {
    ...CPU_STARTS,
    query,
    word: query.kind === 'argument' ? firstWord(query) : lift(0),
    parsed: lift(parsed),
    // Of a statement that is not even executed.
    status: lift(FAILED),
  },
});

export const KIND = {
  ...RUNNING,
  table: rewritten(userText(kept('query'), TABLE_BYTES), tableOf(MYSQL, TABLE_BYTES)),
  statement: named(kindOf(kept('word')), STATEMENTS),
  status: named(kept('status'), DECIMALS),
} satisfies Record<string, FieldExpression>;

export const STATEMENT = {
  ...KIND,
  querysubstr: userText(kept('query'), QUERY_BYTES),
  parsed: named(
    kept('parsed'),
    tableOfNames([
      ['no', 0],
      ['yes', 1],
    ]),
  ),
} satisfies Record<string, FieldExpression>;

/** The statement reads or changes rows. */
export const READ_OR_CHANGED = any(
  ...(['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'REPLACE', 'WITH', 'LOAD'] as const).map((kind) =>
    beginsWith(kept('word'), kind),
  ),
);

const begin: readonly Probe[] = [
  { at: begins(PARSE), steps: [begun(argument(1), 1)] },
  { at: begins(EXECUTE_PREPARED), steps: [begun(lift(0), 0)] },
  {
    at: LOOK_IN_CACHE,
    steps: [{ kind: 'amend', by: task, values: { query: argument(2), word: firstWord(argument(2)) } }],
  },
];

/** Each statement of a client. What a procedure does is the CALL's. */
export function statements(
  fields: Readonly<Record<string, FieldExpression>>,
  provided?: Expression,
): { probes: Probe[] } {
  const count: Step = {
    kind: 'count',
    by: 'thread',
    ...(provided === undefined ? {} : { provided }),
    fields: { ...fields, ...DURATIONS },
  };
  return {
    probes: [
      ...begin,
      {
        at: ends(EXECUTE),
        steps: [{ kind: 'amend', by: task, values: { status: bits(result, 0xffff_ffff) } }],
      },
      { at: ends(PARSE), steps: [count] },
      { at: ends(EXECUTE_PREPARED), steps: [count] },
      leavingCpu((of) => of),
    ],
  };
}

/** Each sort within a statement. */
export const sorts: { probes: Probe[] } = {
  probes: [
    ...begin,
    { at: begins(SORT), steps: [{ kind: 'amend', by: task, values: CPU_STARTS }] },
    {
      at: ends(SORT),
      steps: [
        {
          kind: 'count',
          by: 'thread',
          goesOn: true,
          fields: { ...RUNNING, table: STATEMENT.table, ...DURATIONS },
        },
      ],
    },
    // The statement has ended.
    { at: ends(PARSE), steps: [{ kind: 'forget', by: 'thread' }] },
    { at: ends(EXECUTE_PREPARED), steps: [{ kind: 'forget', by: 'thread' }] },
    leavingCpu((of) => of),
  ],
};

export const commands = (command: (number: Expression) => FieldExpression): { probes: Probe[] } => ({
  probes: [
    {
      at: begins(DISPATCH),
      steps: [{ kind: 'keep', by: 'thread', values: { ...CPU_STARTS, command: bits(argument(0), 0xff) } }],
    },
    {
      at: ends(DISPATCH),
      steps: [
        {
          kind: 'count',
          by: 'thread',
          fields: { ...RUNNING, command: command(kept('command')), ...DURATIONS },
        },
      ],
    },
    leavingCpu((of) => of),
  ],
});

/** From the login to the end. */
export const connections: { probes: Probe[] } = {
  probes: [
    {
      at: begins('_Z22thd_prepare_connectionP3THD*'),
      steps: [{ kind: 'keep', by: 'thread', values: CPU_STARTS }],
    },
    {
      at: begins('_Z14end_connectionP3THD*'),
      steps: [{ kind: 'count', by: 'thread', fields: { ...RUNNING, latency: sinceStart } }],
    },
  ],
};
