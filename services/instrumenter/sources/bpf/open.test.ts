import { METRICS } from '../../metrics/registry';
import { countCpus, openBpf } from './open';

test('other systems and processors are told so', () => {
  expect(openBpf('this-node', METRICS, { system: 'sunos', architecture: 'x64' })).toBe(
    'BPF is a part of Linux',
  );
  expect(openBpf('this-node', METRICS, { system: 'linux', architecture: 'riscv64' })).toContain('riscv64');
});

test('CPUs are counted in the kernel’s list of ranges', () => {
  expect(['0', '0-1', '0-3,8', '0-3,8-9\n'].map(countCpus)).toEqual([1, 2, 5, 6]);
});
