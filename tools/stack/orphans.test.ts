import { readFileSync, readdirSync } from 'node:fs';
import { Kernel } from '../../services/instrumenter/sources/bpf/kernel/kernel';
import { programs } from '../../services/instrumenter/sources/bpf/kernel/programs';
import { startTestStack, type TestStack } from '../testing/test-stack';
import { until } from '../testing/until';

jest.setTimeout(180_000);

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack({ sources: ['bpf'] });
});
afterAll(() => stack?.stop());

/** Kernel programs that a process holds, by what /proc says of its descriptors. */
function programsOf(pid: number): number[] {
  const folder = `/proc/${pid}/fdinfo`;
  return readdirSync(folder).flatMap((descriptor) => {
    try {
      const id = /^prog_id:\s*(\d+)$/m.exec(readFileSync(`${folder}/${descriptor}`, 'latin1'))?.[1];
      return id === undefined ? [] : [Number(id)];
    } catch {
      return []; // closed meanwhile
    }
  });
}

test('the kernel programs of an instrumenter end with it, however it ends', async () => {
  await stack.create({ module: 'syscall', stat: 'syscalls', decomposition: ['execname', 'latency'] });
  await stack.create({ module: 'unix', stat: 'proc_execs' });
  const { pid } = stack.instrumenters[0]!;
  const ours = programsOf(pid);
  expect(ours.length).toBeGreaterThan(1);
  const kernel = new Kernel(process.arch === 'x64' ? 'x64' : 'arm64');
  expect([...programs(kernel)]).toEqual(expect.arrayContaining(ours));
  process.kill(pid, 'SIGKILL');
  // The kernel lets go of them when nothing runs them any more: moments later.
  await until('none of them', 20_000, () => {
    const left = programs(kernel);
    return ours.some((id) => left.has(id)) ? undefined : true;
  });
});
