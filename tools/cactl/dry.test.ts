/* --dry-run and explain before anything runs: which programs, their size, and how a user's text appears in them. */
import { METRICS } from '../../services/instrumenter/metrics/registry';
import { Options } from '../cli/options';
import { CACTL } from './commands';
import { dryRun } from './dry';
import { run } from './testing/console';

const options = (values: Record<string, string>): Options => new Options(new Map(Object.entries(values)));
const withD = METRICS.filter((m) => m.dtrace?.illumos !== undefined);

test('the D program of a question is printed, and a user’s text is escaped in it', async () => {
  const dry = await dryRun(
    'syscall.syscalls',
    options({ by: 'latency', where: 'execname == "a\\"; exit(0); \\""' }),
    'n1',
  );
  const illumos = dry.d.find(({ system }) => system === 'illumos');
  expect(illumos?.text).toContain('execname');
  expect(illumos?.text).not.toContain('"a"; exit(0)');
});

test('every metric with D clauses has a D program', async () => {
  expect(withD.length).toBeGreaterThan(5);
  for (const m of withD)
    expect((await dryRun(`${m.module}.${m.stat}`, options({}), 'n1')).d.length).toBeGreaterThan(0);
});

test('BPF is listed where this machine can compile it; elsewhere the reason is said', async () => {
  const { out, status } = await run(CACTL, ['create', 'syscall.syscalls', '--by', 'latency', '--dry-run']);
  expect(status).toBe(0);
  expect(out).toMatch(
    /^BPF, as this kernel would get it:\n\n[^]*\n +\d+ {2}exit|^BPF: not on this machine: \S+/,
  );
});

test('explain says how many instructions and bytes it would take, without a deployment', async () => {
  const { out, status } = await run(CACTL, ['explain', 'syscall.syscalls', '--by', 'execname,latency']);
  expect(status).toBe(0);
  expect(out).toMatch(/^syscall.syscalls can be observed by: .*bpf/);
  expect(out).toMatch(/\d+ instructions at each event|BPF does not work on this machine/);
});

test('a metric that is read from counters has no program, and that is said', async () => {
  const plain = METRICS.find((m) => m.bpf === undefined && m.dtrace === undefined);
  const { err, status } = await run(CACTL, ['create', `${plain!.module}.${plain!.stat}`, '--dry-run']);
  expect(err).toMatch(/read from counters that the system keeps anyway/);
  expect(status).toBe(1);
});
