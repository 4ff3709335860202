import { metricName } from '../../../../common/model/metric';
import { ask, deferred } from '../../testing/fakes';
import { describe as describeMetric } from '../../metrics/registry';
import type { Probe } from '../source';
import { runCommand, type Run } from './lists';
import { openZfs } from './source';

const DATASETS = [
  ['zones', '1000', '600', '0'],
  ['zones/web', '600', '-', '1024'],
  ['zones/name with spaces', '0', '0', '-'],
]
  .map((cells) => cells.join('\t'))
  .join('\n');
const POOLS = 'zones\t5000\t1000\t4000\n';

function zfs() {
  const at = { ns: 0 };
  const ran: string[] = [];
  const answer = { run: undefined as Run | undefined };
  const run: Run = (command, args) => {
    ran.push(command);
    return answer.run?.(command, args) ?? Promise.resolve(command === 'zfs' ? DATASETS : POOLS);
  };
  return { at, ran, answer, open: () => openZfs({ host: 'n1', elapsed: () => at.ns }, run) };
}

async function read(probe: Probe): Promise<unknown> {
  probe.flip();
  const { value } = await probe.read();
  return value.shape === 'keyed' ? Object.fromEntries(value.numbers) : value;
}

test('used space without that of children, quotas where there are any, and what is left of them', async () => {
  const source = await zfs().open();
  const by = async (stat: string) => read(await source.enable(ask(`zfs.dataset_${stat}`, ['zdataset'])));
  expect(await by('used')).toEqual({ zones: 400, 'zones/web': 600 });
  expect(await by('quota')).toEqual({ 'zones/web': 1024 });
  expect(await by('unused_quota')).toEqual({ 'zones/web': 424 });
});

test('a dataset of a zone is the zone’s: what is limited to zones sees it, and no other', async () => {
  const source = await zfs().open();
  expect(await read(await source.enable(ask('zfs.dataset_used', ['zonename'])))).toEqual({
    global: 400,
    web: 600,
  });
});

test('pools: free and used add up to the total', async () => {
  const source = await zfs().open();
  const by = async (stat: string) => read(await source.enable(ask(`zfs.pool_${stat}`, ['zpool'])));
  expect(await by('free')).toEqual({ zones: 4000 });
  expect(await by('used')).toEqual({ zones: 1000 });
  expect(await by('total')).toEqual({ zones: 5000 });
});

test('a list is asked for once in 30 s, whoever asks, and by one command at a time', async () => {
  const { at, ran, answer, open } = zfs();
  const source = await open();
  const probes = await Promise.all(
    ['dataset_used', 'dataset_quota'].map((stat) => source.enable(ask(`zfs.${stat}`))),
  );
  ran.length = 0;
  const gate = deferred<string>();
  answer.run = () => gate.promise;
  for (const probe of probes) probe.flip();
  at.ns += 60e9; // it takes its time: no second one is started meanwhile
  probes[0]!.flip();
  gate.resolve(DATASETS);
  for (const probe of probes) await probe.read();
  expect(ran).toEqual(['zfs']);
  at.ns += 29e9;
  await read(probes[0]!);
  expect(ran).toEqual(['zfs']);
  at.ns += 2e9;
  await read(probes[0]!);
  expect(ran).toEqual(['zfs', 'zfs']);
});

test('a list that cannot be had is a missing value, and is tried again after a while', async () => {
  const { at, answer, ran, open } = zfs();
  const source = await open();
  const probe = await source.enable(ask('zfs.dataset_used'));
  ran.length = 0;
  answer.run = () => Promise.reject(new Error('zfs says: no'));
  await expect(read(probe)).rejects.toThrow('zfs says: no');
  await expect(read(probe)).rejects.toThrow('zfs says: no');
  expect(ran).toHaveLength(1);
  answer.run = undefined;
  at.ns += 6e9;
  expect(await read(probe)).toEqual({ shape: 'number', number: 1000 });
});

test("where there is no ZFS the source says so, in the command's words", async () => {
  const { answer, open } = zfs();
  answer.run = () => Promise.reject(new Error('zpool says: The ZFS modules cannot be auto-loaded.'));
  await expect(open()).rejects.toThrow('The ZFS modules cannot be auto-loaded.');
  await expect(runCommand('no-such-command-of-ours', [])).rejects.toThrow(
    'there is no no-such-command-of-ours',
  );
  await expect(
    runCommand(process.execPath, ['-e', 'console.error("first"); process.exit(3)']),
  ).rejects.toThrow('says: first');
});

test('every metric here has a description with these fields', async () => {
  for (const offer of (await zfs().open()).offers()) {
    const [module = '', stat = ''] = offer.metric.split('.');
    expect(describeMetric(metricName({ module, stat }))!.fields).toEqual(
      'fields' in offer ? offer.fields : [],
    );
  }
});
