import { describe as describeMetric } from '../registry';
import { formsOf } from './forms';

const formsOfMetric = (name: `${string}.${string}`) => formsOf(describeMetric(name)?.bpf);

test('a closed list of words is the field’s form, and so is an address or the room for a text', () => {
  expect(formsOfMetric('fs.logical_rwops')).toEqual({ optype: { values: ['read', 'write', 'copy'] } });
  expect(formsOfMetric('disk.physio_ops')['optype']).toEqual({
    values: expect.arrayContaining(['read', 'write', 'flush', 'discard']) as string[],
  });
  expect(formsOfMetric('tcp.connects')['raddr']).toEqual({ is: 'address' });
  expect(formsOfMetric('python.functions')['function']).toEqual({ bytes: 63 });
});

test('what every metric means alike, or nobody can list, has no form of its own', () => {
  const forms = formsOfMetric('syscall.syscalls');
  for (const field of ['syscall', 'errno', 'execname', 'zonename', 'psargs', 'pid'])
    expect(forms).not.toHaveProperty(field);
  expect(formsOf(undefined)).toEqual({});
});
