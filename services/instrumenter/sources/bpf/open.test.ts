import { METRICS } from '../../metrics/registry';
import { countCpus, openBpf, hasKernelsNumbers } from './open';

test('other systems and processors are told so', () => {
  expect(openBpf('this-node', METRICS, { system: 'sunos', architecture: 'x64' })).toBe(
    'BPF is a part of Linux',
  );
  expect(openBpf('this-node', METRICS, { system: 'linux', architecture: 'riscv64' })).toContain('riscv64');
});

test('CPUs are counted in the kernel’s list of ranges', () => {
  expect(['0', '0-1', '0-3,8', '0-3,8-9\n'].map(countCpus)).toEqual([1, 2, 5, 6]);
});

test('numbers of processes are the kernel’s only in the first PID namespace, and where /proc is that one’s', () => {
  const links = (namespace: string, self: string) => (path: string) =>
    path.endsWith('/pid') ? namespace : self;
  expect(hasKernelsNumbers(links('pid:[4026531836]', String(process.pid)))).toBe(true);
  expect(hasKernelsNumbers(links('pid:[4026532200]', String(process.pid)))).toBe(false);
  expect(hasKernelsNumbers(links('pid:[4026531836]', '1'))).toBe(false);
  expect(
    hasKernelsNumbers(() => {
      throw new Error('no /proc');
    }),
  ).toBe(false);
});
