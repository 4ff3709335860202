/*
 * A fault of the emulator that looks like the kernel's. The kernel changes its code while CPUs run it: a breakpoint first, the
 * rest, then the first byte. QEMU's threads may still run the breakpoint when it has gone from memory, and the kernel,
 * which expects none there any more, oopses (or, before Linux 5.12, tries again for ever). In: a guest's lines. Out: whether that is it.
 */
const BREAKPOINT = 'cc';

/** A breakpoint was hit where the code, as the kernel prints it from memory, has none. */
export function ranStaleCode(lines: readonly string[]): boolean {
  const at = lines.findIndex((line) => /\bint3: 0000\b/.test(line));
  if (at === -1) return false;
  const code = lines.slice(at).find((line) => /\bCode: /.test(line)) ?? '';
  const before = /([0-9a-f]{2}) <[0-9a-f]{2}>/.exec(code)?.[1];
  return before !== undefined && before !== BREAKPOINT;
}
