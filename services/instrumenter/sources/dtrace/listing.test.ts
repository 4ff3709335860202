import type { Clause } from '../../metrics/language/clause';
import { missingProbe, parseListing } from './listing';

const LISTING = parseListing(`   ID   PROVIDER            MODULE                          FUNCTION NAME
    1     dtrace                                                      BEGIN
  123    syscall           vmlinux                              read entry
  124    profile                                                     tick-10
  125        fbt           genunix                          fop_read return
`);
const at = (...probes: string[]): Clause[] => [{ probes }];

test('a probe with or without module and function is found by its pattern', () => {
  expect(LISTING).toHaveLength(4);
  for (const probe of ['syscall:::entry', 'syscall::read:entry', 'fbt::fop_*:return', 'dtrace:::BEGIN']) {
    expect(missingProbe(at(probe), LISTING, false)).toBeUndefined();
  }
});

test('any frequency can be asked of the profile provider', () => {
  expect(missingProbe(at('profile:::profile-99hz'), LISTING, false)).toBeUndefined();
});

test('a missing probe is named', () => {
  expect(missingProbe(at('syscall:::entry', 'io:::start'), LISTING, true)).toBe(
    'this kernel has no probe io:::start',
  );
  expect(missingProbe(at('syscall::write:entry'), LISTING, true)).toContain('syscall::write:entry');
});

test('probes of user programs may come later, where there can be any', () => {
  expect(missingProbe(at('mysql*:::query-start'), LISTING, true)).toBeUndefined();
  expect(missingProbe(at('mysql*:::query-start'), LISTING, false)).toBe(
    'no running program has probes of provider mysql*',
  );
});
