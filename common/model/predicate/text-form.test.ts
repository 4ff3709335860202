import { parsePredicate } from './predicate';
import type { TextForm } from '../metric';
import { fitPredicate, fitText, FORMS_EVERYWHERE } from './text-form';

const ADDRESS: Record<string, TextForm> = { raddr: { is: 'address' } };
const OPTYPES: Record<string, TextForm> = { optype: { values: ['read', 'write', 'flush'] } };

test.each([
  ['execname', 'kube-controller', {}, 'kube-controller'],
  ['execname', 'a\\xffb', {}, 'a\\xffb'],
  ['errno', 'EWOULDBLOCK', {}, 'EAGAIN'],
  ['errno', 'enoent', {}, 'ENOENT'],
  ['errno', '11', {}, 'EAGAIN'],
  ['errno', '0', {}, 'none'],
  ['errno', '4000', {}, '4000'],
  ['signal', 'KILL', {}, 'SIGKILL'],
  ['signal', 'SIGPOLL', {}, 'SIGIO'],
  ['signal', '9', {}, 'SIGKILL'],
  ['signal', '34', {}, '34'],
  ['syscall', 'fsync', {}, 'fsync'],
  ['syscall', 'socketcall', {}, 'socketcall'],
  ['syscall', '-1', {}, '-1'],
  ['syscall', '32-bit 999', {}, '32-bit 999'],
  ['raddr', '::ffff:127.0.0.1', ADDRESS, '127.0.0.1'],
  ['raddr', '0:0:0:0:0:0:0:1', ADDRESS, '::1'],
  ['raddr', '2001:DB8::0:1', ADDRESS, '2001:db8::1'],
  ['raddr', '::FFFF:7f00:0001', ADDRESS, '127.0.0.1'],
  ['raddr', 'whatever a program says', {}, 'whatever a program says'],
  ['optype', 'READ', OPTYPES, 'read'],
  ['zonename', 'anything at all', {}, 'anything at all'],
] as const)('%s %s is converted to the form that events have', (field, constant, forms, text) => {
  expect(fitText(field, constant, forms)).toEqual({ text });
});

test.each([
  ['execname', 'kube-controller-manager', {}, /at most 15 bytes; did you mean "kube-controller"/],
  ['threadname', 'sixteen letters!', {}, /did you mean "sixteen letters"/],
  ['psargs', 'x'.repeat(81), {}, /at most 80 bytes/],
  ['pid', '007', {}, /whole numbers/],
  ['rport', 'http', {}, /whole numbers/],
  ['errno', 'ENOTHERE', {}, /never "ENOTHERE"/],
  ['errno', 'EAGIAN', {}, /did you mean "EAGAIN"/],
  ['syscall', 'fstatat', {}, /did you mean "\w+"/],
  ['syscall', 'nosuchcall', {}, /never "nosuchcall"/],
  ['raddr', 'localhost', ADDRESS, /no address/],
  ['raddr', 'fe80::1%eth0', ADDRESS, /no address/],
  ['raddr', '127.1', ADDRESS, /no address/],
  ['optype', 'sync', OPTYPES, /there are read, write, flush/],
] as const)(
  '%s %s can never match: the error names the nearest value that can',
  (field, constant, forms, words) => {
    const fitted = fitText(field, constant, forms);
    expect('problem' in fitted ? fitted.problem : '').toMatch(words);
  },
);

describe('where other systems take part, all their names together count', () => {
  const fit = (field: string, constant: string) => fitText(field, constant, {}, FORMS_EVERYWHERE);

  test.each([
    ['errno', 'ENOTSUP', 'ENOTSUP'],
    ['errno', 'EWOULDBLOCK', 'EAGAIN'],
    ['errno', '11', 'EAGAIN'],
    ['errno', '3999', '3999'],
    ['signal', 'lwp', 'SIGLWP'],
    ['signal', 'SIGSTKFLT', 'SIGSTKFLT'],
    ['signal', '9', 'SIGKILL'],
    ['syscall', 'forksys', 'forksys'],
    ['syscall', 'epoll_wait', 'epoll_wait'],
  ])('%s %s is some system’s', (field, constant, text) => {
    expect(fit(field, constant)).toEqual({ text });
  });

  test.each([
    ['errno', 'EAGIAN', /did you mean "EAGAIN"/],
    ['errno', '35', /EDEADLK or ENOMSG/],
    ['signal', 'SIGNOTHING', /never "SIGNOTHING"/],
    ['signal', '10', /SIGUSR1 or SIGBUS/],
    ['syscall', 'nosuchcall', /never "nosuchcall"/],
  ])('%s %s is no system’s', (field, constant, words) => {
    const fitted = fit(field, constant);
    expect('problem' in fitted ? fitted.problem : '').toMatch(words);
  });
});

test('every constant of a predicate is checked, also in ne; numbers are not', () => {
  const types: Record<string, 'string' | 'time'> = { execname: 'string', errno: 'string', latency: 'time' };
  const isDiscrete = (field: string): boolean => types[field] === 'string';
  const fit = (plain: unknown) =>
    fitPredicate(
      parsePredicate(plain, (field) => types[field]),
      isDiscrete,
    );
  expect(fit({ and: [{ ne: ['errno', 'EWOULDBLOCK'] }, { ge: ['latency', 5] }] })).toMatchObject({
    members: [{ constant: 'EAGAIN' }, { constant: 5 }],
  });
  expect(() => fit({ or: [{ eq: ['execname', 'x'] }, { ne: ['execname', 'y'.repeat(16)] }] })).toThrow(
    /can never match: execname has at most 15 bytes/,
  );
  expect(fit({})).toEqual({ kind: 'always' });
});
