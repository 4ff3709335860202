/* Which second an event counts in, when ticks are late or the clock is set, for probes that know the time of each event. */
import { SILENT } from '../../../common/service/log';
import { ask, FakeProbe, FakeSource, HandClock } from '../testing/fakes';
import { Instrumenter } from './instrumenter';
import { Journal } from './journal';
import type { Parcel } from './parcel';
import type { Reading, Source } from '../sources/source';

const START = 1_700_000_000;

function node(source: Source) {
  const clock = new HandClock(START);
  const sent: Parcel[] = [];
  const instrumenter = new Instrumenter({
    clock,
    elapsed: () => clock.time * 1e6,
    log: SILENT,
    journal: new Journal(),
    sources: [source],
    budget: { ofCore: 5, cpus: 1 },
    put: (parcel) => sent.push(parcel),
    changed: () => undefined,
  });
  const tickAt = (second: number): Promise<void> => {
    clock.time = (START + second) * 1000 + 2;
    return instrumenter.tick(Math.floor(START + second));
  };
  return { clock, sent, instrumenter, tickAt };
}

const seconds = (sent: Parcel[]) => sent.map((p) => p.second - START);
const numbers = (sent: Parcel[]) =>
  sent.map(({ report: { value } }) => (value.shape === 'number' ? value.number : NaN));
const execs = () => new FakeSource('bpf', [{ metric: 'unix.proc_execs', fields: ['hostname', 'execname'] }]);

/** A probe that ends its seconds by the clock, as programs in the kernel do: each event has its time. */
class TimedProbe extends FakeProbe {
  /** Seconds from the monotonic clock to the wall clock. */
  offset = 0;
  private end: number | undefined;
  private open = 0;
  private ahead = 0;
  private whole = 0;

  until(second: number): boolean {
    this.end = second - START - this.offset;
    return true;
  }

  happen(at: number): void {
    if (this.end !== undefined && at >= this.end) this.ahead++;
    else this.open++;
  }

  override flip(): void {
    [this.whole, this.open, this.ahead] =
      this.end === undefined ? [this.open + this.ahead, 0, 0] : [this.open, this.ahead, 0];
    this.end = undefined;
  }

  override read(): Reading {
    return { value: { shape: 'number', number: this.whole }, lost: 0 };
  }
}

async function timed() {
  const source = execs();
  const probe = new TimedProbe();
  source.onEnable = () => probe;
  const it = node(source);
  it.clock.time = START * 1000 + 300;
  await it.instrumenter.enable(ask('unix.proc_execs'));
  return { ...it, probe };
}

test('an event counts in its own second, however late the tick comes; the first second is whole', async () => {
  const { probe, sent, tickAt } = await timed();
  for (const at of [0.5, 1.001]) probe.happen(at);
  await tickAt(1.4);
  for (const at of [1.5, 1.9, 2.1, 2.2]) probe.happen(at);
  await tickAt(2);
  probe.happen(2.9);
  await tickAt(3);
  expect(seconds(sent)).toEqual([1, 2]);
  expect(numbers(sent)).toEqual([3, 3]);
});

test('a tick that is seconds late costs the seconds after the one that was being counted, and their events are lost', async () => {
  const { probe, sent, tickAt } = await timed();
  await tickAt(1);
  for (const at of [1.2, 1.8]) probe.happen(at);
  for (const at of [2.5, 3.5, 4.1]) probe.happen(at);
  await tickAt(4);
  probe.happen(4.5);
  await tickAt(5);
  for (const at of [5.1, 5.2]) probe.happen(at);
  await tickAt(6);
  expect(seconds(sent)).toEqual([1, 5]);
  expect(numbers(sent)).toEqual([2, 2]);
  expect(sent.map((p) => p.report.lost)).toEqual([0, 4]);
});

test.each([-5000, 5000, 30_000])(
  'a clock that is set by %d ms costs no event: each is in one second, or lost',
  async (ms) => {
    const source = execs();
    const probe = new TimedProbe();
    source.onEnable = () => probe;
    const sent: Parcel[] = [];
    const warnings: unknown[] = [];
    let elapsed = 0;
    let offset = 0;
    const clock = new HandClock(START);
    const instrumenter = new Instrumenter({
      clock,
      elapsed: () => elapsed * 1e6,
      log: { ...SILENT, warn: (fields) => warnings.push(fields) },
      journal: new Journal(),
      sources: [source],
      budget: { ofCore: 5, cpus: 1 },
      put: (parcel) => sent.push(parcel),
      changed: () => undefined,
    });
    const at = (mono: number): void => {
      elapsed = mono;
      clock.time = START * 1000 + mono + offset;
    };
    at(100);
    await instrumenter.enable(ask('unix.proc_execs'));
    let last = START;
    let made = 0;
    for (let mono = 200; mono < 20_000; mono += 100) {
      at(mono);
      if (mono === 5300) {
        offset = ms;
        probe.offset = ms / 1000;
        at(mono);
      }
      probe.happen(mono / 1000);
      if (mono >= 1000) made++;
      const second = Math.floor(clock.time / 1000);
      if (second > last) {
        last = second;
        await instrumenter.tick(second);
      }
    }
    const counted = numbers(sent).reduce((sum, n) => sum + n, 0);
    const lost = sent.reduce((sum, p) => sum + p.report.lost, 0);
    expect(counted + lost).toBeGreaterThan(made - 25);
    expect(counted + lost).toBeLessThanOrEqual(made + 10);
    expect(new Set(seconds(sent)).size).toBe(sent.length);
    expect(warnings.filter((warning) => 'ms' in (warning as object))).toEqual([{ ms }]);
    expect(numbers(sent).every((n) => n === 10)).toBe(true);
  },
);
