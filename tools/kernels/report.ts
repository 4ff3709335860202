/* The messages of the program inside a kernel under test, a line each. */
export type Report =
  | { readonly kind: 'alive' | 'ended' }
  | { readonly kind: 'begun'; readonly release: string }
  | {
      readonly kind: 'tried';
      readonly metric: string;
      readonly state: 'ok' | 'unavailable' | 'failed';
      readonly detail: string;
    }
  | {
      readonly kind: 'counted';
      readonly metric: string;
      readonly state: 'right' | 'wrong';
      readonly detail?: string;
    }
  /** How often programs of a question about syncs ran while a process made so many other calls. */
  | { readonly kind: 'apart'; readonly calls: number; readonly runs: number }
  | { readonly kind: 'verified'; readonly programs: number; readonly refused: readonly string[] }
  /** Questions that were enabled under load, and ends of seconds that they went through. */
  | {
      readonly kind: 'loaded';
      readonly enabled: number;
      readonly seconds: number;
      readonly failures: readonly string[];
    }
  | { readonly kind: 'failed'; readonly reason: string };

/** Distinguishes them from the kernel's own messages. */
export const MARK = '@@ca ';

export function reportIn(line: string): Report | undefined {
  const at = line.indexOf(MARK);
  if (at === -1) return undefined;
  try {
    return JSON.parse(line.slice(at + MARK.length)) as Report;
  } catch {
    return undefined; // a kernel message in the middle of it
  }
}
