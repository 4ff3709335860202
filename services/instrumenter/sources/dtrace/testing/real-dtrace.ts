/*
 * For tests: the real dtrace of this machine, if there is one. Out: its path, or why tests without it are skipped;
 * and the seconds, one by one.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve as absolute } from 'node:path';
import { SYSTEM_CLOCK } from '../../../../../common/service/clock';

const BUILT = absolute(__dirname, '../../../../../deps/build/dtrace');

/** undefined when there is none that this user may run. */
export function dtraceHere(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined;
  const path = process.env['CA_DTRACE'] ?? BUILT;
  if (!existsSync(path)) return undefined;
  try {
    return /^dtrace: (\w+ )?D /m.test(execFileSync(path, ['-V'], { encoding: 'utf8' })) ? path : undefined;
  } catch {
    return undefined;
  }
}

/** A describe() whose tests get that dtrace; where there is none, its title says so and they are skipped. */
export function describeDtrace(title: string, tests: (dtrace: string) => void): void {
  const dtrace = dtraceHere();
  if (dtrace !== undefined) describe(title, () => tests(dtrace));
  else
    describe.skip(`${title} (skipped: no dtrace that may run here; root on Linux, make -C deps dtrace)`, () =>
      tests(''));
}

/** Resolves just after the next whole second begins. */
export function nextSecond(): Promise<number> {
  return new Promise((resolve) => {
    const stop = SYSTEM_CLOCK.everySecond((second) => {
      stop();
      resolve(second);
    });
  });
}
