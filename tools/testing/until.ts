/*
 * Waiting for something to become true, with a limit. In: a question. Out: its first answer that is not undefined.
 */
import { setTimeout as pause } from 'node:timers/promises';

/** The condition can no longer become true: the waiting ends at once. */
export class Hopeless extends Error {}

/** Calls `ask` every `everyMs` until the answer is not undefined; rejects after `limitMs`, with what was waited for. */
export async function until<T>(
  what: string,
  limitMs: number,
  ask: () => T | undefined | Promise<T | undefined>,
  everyMs = 50,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  let last = '';
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      last = ` (${error instanceof Error ? error.message : String(error)})`;
    }
    if (Date.now() > deadline) throw new Error(`${what}: not within ${limitMs} ms${last}`);
    await pause(everyMs);
  }
}
