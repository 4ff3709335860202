/*
 * The definition of an attack. One file per area (`door-….ts`, `tenant-….ts`, `node-….ts`, `bus-….ts`) exports a list named
 * `attacks`; main.ts finds the files by their names, runs them on one system, and prints one line for each attack.
 */
import type { System } from './system';

export type Outcome =
  | { readonly result: 'held' }
  | { readonly result: 'broken'; readonly why: string }
  /** It cannot be tried on this machine: not root, a program is missing. */
  | { readonly result: 'left out'; readonly why: string };

export interface Attack {
  /** What must not happen, as a claim that holds: "a hostile Host does not end the service". */
  readonly name: string;
  readonly area: string;
  /** An error that it throws counts as broken: nothing was shown to hold. */
  readonly run: (system: System) => Promise<Outcome>;
  /** Longest time it may take; then it is broken. Default 20 s. */
  readonly limitMs?: number;
  /** It mostly waits and does not disturb other attacks: it runs beside them. */
  readonly beside?: boolean;
  /** It breaks the system on purpose: the check that every process still runs is skipped after it. */
  readonly endsServices?: boolean;
}

export const HELD: Outcome = { result: 'held' };

export function broken(why: string): Outcome {
  return { result: 'broken', why };
}

export function leftOut(why: string): Outcome {
  return { result: 'left out', why };
}

/** Held when there are no findings; else broken, with the first few findings. */
export function verdict(findings: readonly string[]): Outcome {
  if (findings.length === 0) return HELD;
  const rest = findings.length > 3 ? `; and ${findings.length - 3} more` : '';
  return broken(findings.slice(0, 3).join('; ') + rest);
}
