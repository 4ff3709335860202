/*
 * Transformations add information to keys: host names, geolocation. In: keys of one discrete field. Out: what is known
 * about each so far. A failure never fails the value itself; the information is then missing.
 */
import { KEYS_PER_SLOT } from '../dataset/slot';

export interface Transformation {
  readonly name: string;
  readonly label: string;
  /** Discrete fields that it applies to. */
  readonly fields: readonly string[];
  /** Waits up to `waitMs` for what is not known yet. Keys without information are omitted. */
  explain(keys: readonly string[], waitMs: number): Promise<ReadonlyMap<string, unknown>>;
}

/** The form in aggregator_online. */
export function announce(
  transformations: readonly Transformation[],
): Record<string, { label: string; fields: string[] }> {
  return Object.fromEntries(
    transformations.map(({ name, label, fields }) => [name, { label, fields: [...fields] }]),
  );
}

/**
 * Applies the requested transformations to the keys of one reply: { reversedns: { "192.0.2.7": ["host.example"] } }.
 * A failing one adds nothing.
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
