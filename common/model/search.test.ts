import { searchMetrics } from './search';

const METRICS = [
  { module: 'disk', stat: 'physio_ops', label: 'I/O operations', fields: ['disk'], synonyms: ['iops'] },
  {
    module: 'fs',
    stat: 'syncs',
    label: 'synchronizations',
    question: 'Who waits for the disk?',
    synonyms: ['fsync', 'slow disk'],
    fields: ['execname'],
  },
  { module: 'cpu', stat: 'usage', label: 'CPU usage', fields: ['zonename'] },
];
const LABELS = {
  modules: { disk: { label: 'Disk' } },
  fields: { zonename: { label: 'container' }, execname: { label: 'application name' } },
};
const found = (text: string): string[] =>
  searchMetrics(METRICS, text, LABELS).map(({ module, stat }) => `${module}.${stat}`);

test.each([
  ['fsync', ['fs.syncs'], 'a synonym'],
  ['FSYNC', ['fs.syncs'], 'whatever the case'],
  ['fs.syncs', ['fs.syncs'], 'its name'],
  ['container', ['cpu.usage'], 'the label of a field'],
  ['waits', ['fs.syncs'], 'a word of its question'],
  ['disk', ['disk.physio_ops', 'fs.syncs'], 'a name before a synonym'],
  ['disk who', ['fs.syncs'], 'every word is wanted'],
  ['fsyncs', ['fs.syncs'], 'several of what has a name for one'],
  ['nonsense', [], 'nothing'],
  ['__proto__', [], 'not what objects have by themselves'],
])('%s finds %j: %s', (text, metrics) => {
  expect(found(text)).toEqual(metrics);
});

test('no word finds everything, in its order', () => {
  expect(found(' ')).toEqual(['disk.physio_ops', 'fs.syncs', 'cpu.usage']);
});

test('a metric whose whole label was typed comes first, even where others have all of its words', () => {
  const calls = [
    { module: 'syscall', stat: 'inflight', label: 'system calls in progress' },
    { module: 'syscall', stat: 'syscalls', label: 'system calls' },
  ];
  expect(searchMetrics(calls, 'System calls ', LABELS)[0]?.stat).toBe('syscalls');
  expect(searchMetrics(calls, 'calls', LABELS)[0]?.stat).toBe('inflight');
});
