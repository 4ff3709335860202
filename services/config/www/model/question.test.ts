import type { Catalogue, Question } from './answers.ts';
import {
  cactlOf,
  curlOf,
  percentilesPath,
  proposalsOf,
  sentenceOf,
  shortage,
  titleOf,
  valuesPath,
  whyNot,
} from './question.ts';

const CATALOGUE: Catalogue = {
  modules: { disk: { label: 'Disk' }, syscall: { label: 'System calls' } },
  fields: {
    hostname: { label: 'server hostname', type: 'string' },
    disk: { label: 'device name', type: 'string' },
    latency: { label: 'latency', type: 'time' },
    subsecond: { label: 'subsecond offset', type: 'subsecond' },
  },
  types: {
    string: { arity: 'discrete', unit: '' },
    time: { arity: 'numeric', unit: 'seconds', abbr: 's', base: 10, power: -9 },
    subsecond: { arity: 'numeric', unit: 'seconds', abbr: 's', base: 10, power: -3 },
  },
  metrics: [
    { module: 'syscall', stat: 'syscalls', label: 'system calls', fields: ['hostname', 'subsecond'] },
    { module: 'disk', stat: 'physio_ops', label: 'I/O operations', fields: ['hostname', 'disk', 'latency'] },
  ],
};

const QUESTION: Question = {
  module: 'disk',
  stat: 'physio_ops',
  predicate: { and: [{ eq: ['disk', "sd'a"] }, { ge: ['latency', 10_000_000] }] },
  decomposition: ['disk', 'latency'],
  granularity: 1,
};

test('a question reads as a sentence', () => {
  expect(sentenceOf(CATALOGUE, QUESTION)).toBe(
    "Disk: I/O operations, by device name and latency, where device name = “sd'a” and latency ≥ 10 ms, each second",
  );
});

test('a module that is called like its metric is named once; an unknown metric by its raw name', () => {
  expect(titleOf(CATALOGUE, { module: 'syscall', stat: 'syscalls' })).toBe('System calls');
  expect(titleOf(CATALOGUE, { module: 'gone', stat: 'thing' })).toBe('gone: thing');
});

test('a quote in a key does not end the quote of the shell', () => {
  expect(curlOf(QUESTION, 'http://ca')).toContain(`"sd'\\''a"`);
  expect(cactlOf(QUESTION)).toBe(
    `cactl create disk.physio_ops --by disk,latency --where 'disk == "sd'\\''a" && latency >= 10000000'`,
  );
});

test('metrics whose events take time are proposed first, the most telling field first, our own work last', () => {
  const own = {
    module: 'ca',
    stat: 'instr_ticks',
    label: 'ticks',
    fields: ['hostname', 'disk', 'latency', 'subsecond'],
  };
  expect(proposalsOf({ ...CATALOGUE, metrics: [own, ...CATALOGUE.metrics] })).toEqual([
    { metric: CATALOGUE.metrics[1], numeric: 'latency', discrete: ['disk', 'hostname'] },
    { metric: CATALOGUE.metrics[0], numeric: undefined, discrete: ['hostname'] },
    { metric: own, numeric: 'latency', discrete: ['disk', 'hostname'] },
  ]);
});

test('what many metrics are missing for is said once, what another system has is not', () => {
  const missing = (stat: string, reason: string) => ({
    module: 'x',
    stat,
    label: stat,
    reasons: [{ reason, nodes: 1 }],
  });
  const all = (count: number, reason: string) =>
    Array.from({ length: count }, (_, i) => missing(`s${i}`, reason));
  const unavailable = [...all(30, 'only illumos tells this'), ...all(6, 'bpf: needs root')];
  expect(shortage({ ...CATALOGUE, unavailable })).toEqual({ metrics: 6, reason: 'bpf: needs root' });
  expect(shortage({ ...CATALOGUE, unavailable: all(2, 'bpf: needs root') })).toBeUndefined();
  expect(whyNot(missing('s', 'bpf: needs root'))).toBe('No node can observe this: bpf: needs root');
});

test('what a panel shows has an address: its seconds, and their percentiles as CSV', () => {
  const shown = { start: 1000, end: 1060, step: 5 };
  expect(valuesPath('/ca', '7', shown)).toBe(
    '/ca/instrumentations/7/value/raw?start_time=1000&duration=5&ndatapoints=12',
  );
  expect(percentilesPath('/ca', '7', shown)).toContain(
    '/value/top.csv?start_time=1000&duration=5&ndatapoints=12&percentiles=',
  );
});
