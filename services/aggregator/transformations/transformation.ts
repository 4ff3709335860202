/*
 * What explains keys: names of addresses, places of addresses. In: keys of one discrete field. Out: what is known
 * about each of them so far. Whatever goes wrong, the value itself is answered: an explanation may be missing.
 */
import { KEYS_PER_SLOT } from '../dataset/slot';

export interface Transformation {
  readonly name: string;
  readonly label: string;
  /** Discrete fields whose keys it explains. */
  readonly fields: readonly string[];
  /** May wait so long for what it does not know yet. Keys that nothing is known about are left out. */
  explain(keys: readonly string[], waitMs: number): Promise<ReadonlyMap<string, unknown>>;
}

/** As aggregator_online carries it. */
export function announce(
  transformations: readonly Transformation[],
): Record<string, { label: string; fields: string[] }> {
  return Object.fromEntries(
    transformations.map(({ name, label, fields }) => [name, { label, fields: [...fields] }]),
  );
}

/**
 * Those that were asked for, applied to the keys of one reply: { reversedns: { "192.0.2.7": ["host.example"] } }.
 * One that fails explains nothing.
 */
export async function explainKeys(
  transformations: readonly Transformation[],
  keys: readonly string[],
  waitMs: number,
): Promise<Record<string, unknown>> {
  const some = keys.slice(0, KEYS_PER_SLOT);
  const parts = transformations.map(async (one) => {
    try {
      return [one.name, Object.fromEntries(await one.explain(some, waitMs))] as const;
    } catch {
      return [one.name, {}] as const;
    }
  });
  return Object.fromEntries(await Promise.all(parts));
}
