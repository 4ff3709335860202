/* The bpf source's offers on the real kernel, the cost of its probes, and that nothing of them remains. Needs root. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { MetricDescription } from '../../metrics/language/description';
import { describe as describeMetric, METRICS } from '../../metrics/registry';
import { EnableError } from '../source';
import { BpfSource } from './bpf';
import { encode, HELPERS, OP } from './compiler/instructions/assembler';
import { Btf } from './kernel/btf';
import { Kernel, KernelError } from './kernel/kernel';
import { ARCHITECTURE, HOST, instrumentation, makeCalls, onRealKernel, own } from './testing/real-kernel';

const NO_CALL = { dst: 0, src: 0, offset: 0, from: '' };

/** User programs may be missing, and not every kernel allows probes of its functions. */
const mayBeMissing = (metric: MetricDescription | undefined): boolean =>
  metric?.bpf?.probes.some(
    ({ at, on = ARCHITECTURE }) => on === ARCHITECTURE && (at.kind === 'user' || at.kind === 'function'),
  ) === true;

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // the descriptor of the listing itself
  }
}

onRealKernel('the bpf source', (kernel) => {
  test('every metric with a description for BPF is offered with all fields that are described', () => {
    for (const metric of METRICS) {
      if (metric.bpf === undefined || mayBeMissing(metric)) continue;
      const counts = metric.bpf.probes.flatMap((p) => p.steps.filter((step) => step.kind === 'count'));
      const described = metric.fields.filter((field) => counts.every((step) => field in step.fields));
      const offer = { metric: `${metric.module}.${metric.stat}`, fields: described };
      expect(kernel.source.offers()).toContainEqual(expect.objectContaining(offer));
      // The waiting time of threads is a sum over them: single waits are not known.
      expect(described.length).toBeGreaterThan(offer.metric === 'cpu.waittime' ? 3 : 4);
    }
  });

  test('a verifier that does not follow reads of the running task is given calls instead', async () => {
    const strict = new Kernel(ARCHITECTURE);
    const load = strict.load.bind(strict);
    const typedTask = encode([{ ...NO_CALL, op: OP.call, number: HELPERS.typedTask }], () => -1);
    let refused = 0;
    strict.load = (name, code, ...rest) => {
      if (name === 'try' || !code.includes(typedTask)) return load(name, code, ...rest);
      refused++;
      throw new KernelError(`the kernel refuses the program ${name}`, 13, 'R0 invalid mem access');
    };
    const source = new BpfSource({
      hostname: HOST,
      architecture: ARCHITECTURE,
      metrics: [describeMetric('syscall.syscalls')!],
      kernel: strict,
      types: new Btf(() => readFileSync('/sys/kernel/btf/vmlinux'), 'test'),
      cpus: 2,
    });
    try {
      const name = own('strict');
      for (let i = 0; i < 2; i++) {
        const probe = await source.enable(instrumentation('syscall.syscalls', ['execname']));
        makeCalls(name, 20);
        probe.flip();
        await source.settle();
        const { value } = await probe.read();
        expect(value.shape === 'keyed' && (value.numbers.get(name) ?? 0)).toBeGreaterThanOrEqual(20);
        probe.close();
      }
      // Kernels before Linux 5.11 have no such helper; on others it is tried once.
      expect(refused).toBeLessThanOrEqual(1);
    } finally {
      source.close();
    }
  });

  test('a closed probe leaves no descriptor behind, nor does one that fails half-way', async () => {
    const held = (): number =>
      readdirSync('/proc/self/fd').filter((fd) => linkOf(`/proc/self/fd/${fd}`).startsWith('anon_inode:bpf'))
        .length;
    const probe = await kernel.enable('syscall.syscalls', ['latency']);
    // Five maps, three programs and their attachments.
    const before = held();
    probe.close();
    expect(held()).toBe(before - 11);
    const without = held();
    const refusing = new Kernel(ARCHITECTURE);
    refusing.attach = () => Promise.reject(new KernelError('tracepoint x cannot be attached to', 2));
    const failing = new BpfSource({
      hostname: HOST,
      architecture: ARCHITECTURE,
      metrics: [describeMetric('syscall.syscalls')!],
      kernel: refusing,
      types: new Btf(() => readFileSync('/sys/kernel/btf/vmlinux'), 'test'),
      cpus: 2,
    });
    await expect(failing.enable(instrumentation('syscall.syscalls', ['latency']))).rejects.toThrow(
      EnableError,
    );
    expect(held()).toBe(without);
  });

  test('what a probe costs is counted while statistics are on', async () => {
    const probe = await kernel.enable('syscall.syscalls', ['execname', 'latency']);
    // Other programs that measure on this machine may have counted ours before.
    const before = probe.cost();
    expect(kernel.source.countCost(true)).toBe(true);
    makeCalls(own('cost'), 10_000);
    kernel.source.countCost(false);
    const after = probe.cost();
    expect(after.runs - before.runs).toBeGreaterThanOrEqual(20_000);
    expect(after.nanoseconds - before.nanoseconds).toBeGreaterThan(100_000);
    // Two maps of 16,384 entries of 40 bytes and more.
    expect(after.bytes).toBeGreaterThan(1_000_000);
  });
});
