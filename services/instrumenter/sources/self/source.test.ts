import { ask } from '../../testing/fakes';
import { Journal } from '../../gather/journal';
import { openSelf } from './source';

const work = (cabackend: string, latency: number) => () => ({
  fields: { cabackend, cainstnid: 'global;1', cametric: 'cpu.cpus', latency, subsecond: 2 },
  value: 1,
});

test('work is counted in the second in which it was done, while somebody asks', async () => {
  const journal = new Journal();
  const source = openSelf({ journal, host: 'n1' });
  const probe = await source.enable(ask('ca.instr_beops', ['cabackend', 'latency']));
  journal.record('ca.instr_beops', work('proc', 5));
  probe.flip();
  journal.record('ca.instr_beops', work('bpf', 7));
  expect(await probe.read()).toEqual({
    value: { shape: 'keyed-distribution', distributions: new Map([['proc', [5, 1]]]) },
    lost: 0,
  });
  await probe.close();
  journal.record('ca.instr_beops', work('bpf', 7));
  probe.flip();
  expect(await probe.read()).toMatchObject({ value: { distributions: new Map([['bpf', [7, 1]]]) } });
});

test('nothing is made up for nobody', () => {
  const journal = new Journal();
  const never = jest.fn(work('proc', 1));
  journal.record('ca.instr_ticks', never);
  expect(never).not.toHaveBeenCalled();
});

test('our own four metrics are offered, with the host name on every point', async () => {
  const journal = new Journal();
  const source = openSelf({ journal, host: 'n1' });
  expect(
    source
      .offers()
      .map((offer) => offer.metric)
      .sort(),
  ).toEqual(['ca.instr_beops', 'ca.instr_disables', 'ca.instr_enables', 'ca.instr_ticks']);
  const probe = await source.enable(ask('ca.instr_ticks', ['hostname']));
  journal.record('ca.instr_ticks', () => ({ fields: { latency: 1, subsecond: 1 }, value: 1 }));
  probe.flip();
  expect(await probe.read()).toMatchObject({ value: { numbers: new Map([['n1', 1]]) } });
});
