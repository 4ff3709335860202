import { METRICS } from '../../metrics/registry';
import { BpfSource } from './bpf';
import { Btf } from './kernel/btf';
import { MissingError } from './kernel/kernel-types';
import { KernelError, type Kernel } from './kernel/kernel';
import { HOST, instrumentation } from './testing/real-kernel';
import { toyBtf } from './testing/toy-kernel';

const options = {
  hostname: HOST,
  architecture: 'x64' as const,
  metrics: METRICS,
  cpus: 1,
};
const refusing = (errno: number): Kernel =>
  ({
    raiseLockedMemory: () => undefined,
    createMap: () => {
      throw new KernelError('the kernel refuses the map try', errno);
    },
    close: () => undefined,
    release: () => undefined,
  }) as unknown as Kernel;

test('without permission every metric is unavailable, and the sentence says what is needed', async () => {
  const source = new BpfSource({ ...options, types: toyBtf(), kernel: refusing(1) });
  expect(source.offers().length).toBeGreaterThan(3);
  for (const offer of source.offers())
    expect(offer).toHaveProperty('unavailable', expect.stringContaining('CAP_BPF'));
  await expect(source.enable(instrumentation('syscall.syscalls', []))).rejects.toThrow('CAP_BPF');
  await expect(source.enable(instrumentation('cpu.cpus', []))).rejects.toThrow('no description of cpu.cpus');
  await source.settle();
  source.close();
});

test('without type information every metric is unavailable, and the sentence names it', () => {
  const types = new Btf(() => {
    throw new Error('ENOENT');
  }, '6.0');
  const source = new BpfSource({ ...options, types, kernel: refusing(1) });
  for (const offer of source.offers()) {
    expect(offer).toHaveProperty('unavailable', expect.stringContaining('/sys/kernel/btf/vmlinux'));
  }
});

test('a field that this kernel cannot tell is left out of the offer, the metric stays', () => {
  const real = toyBtf();
  const lacking = {
    release: '6.0',
    walk: (struct: string, path: string) => {
      if (path.startsWith('real_parent')) throw new MissingError(`no ${path}`);
      return real.walk(struct, path);
    },
    argumentsOf: (name: string) => {
      if (name.startsWith('block_')) throw new MissingError(`Linux 6.0 has no tracepoint ${name}`);
      return real.argumentsOf(name);
    },
    functionOf: (name: string) => real.functionOf(name),
    sizeOf: (name: string) => real.sizeOf(name),
    forget: () => undefined,
  } as unknown as Btf;
  const kernel = Object.assign(refusing(1), {
    createMap: () => 0,
    load: () => 0,
    openEvent: () => 0,
  }) as unknown as Kernel;
  const offers = new BpfSource({ ...options, types: lacking, kernel }).offers();
  expect(offers).toContainEqual({
    metric: 'unix.proc_execs',
    fields: ['hostname', 'pid', 'execname', 'threadname', 'subsecond'],
    lacking: expect.anything() as unknown,
  });
  expect(offers).toContainEqual({
    metric: 'disk.physio_ops',
    unavailable: 'Linux 6.0 has no tracepoint block_rq_complete',
  });
});
