import { ranStaleCode } from './stale-code';

const oops = (code: string): string[] => [
  '[  304.750000] something else',
  '[  304.750616] Oops: int3: 0000 [#1] PREEMPT SMP NOPTI',
  '[  304.751075] RIP: 0010:syscall_exit_to_user_mode_prepare+0xd7/0x170',
  `[  304.751319] Code: ${code}`,
];

test('a breakpoint that is not in memory is the emulator’s; one that is there, and other faults, are the kernel’s', () => {
  expect(ranStaleCode(oops('49 8b 04 24 e9 4a ff ff ff eb <02> eb 80 48 8b'))).toBe(true);
  expect(ranStaleCode(oops('49 8b 04 24 e9 4a ff ff ff cc <02> eb 80 48 8b'))).toBe(false);
  expect(ranStaleCode(oops('').slice(0, 3))).toBe(false);
  expect(ranStaleCode(['Oops: 0000 [#1] SMP', 'Code: 24 e9 4a ff ff ff eb <02> eb 80'])).toBe(false);
});
