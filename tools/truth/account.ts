/*
 * Whether every event of a long run is accounted for. In: events made in each second, by their maker's clock; what was
 * counted and reported as lost. Out: a sentence, and how many seconds are wrong.
 */

export interface Second {
  readonly counted: number;
  readonly lost: number;
  /** Some node has reported it. */
  readonly reported: boolean;
}

/** At the edge of a second an event may be in either. */
const EDGE = 1;

export function account(
  made: ReadonlyMap<number, number>,
  seconds: ReadonlyMap<number, Second>,
): { readonly text: string; readonly misses: number } {
  const all = [...new Set([...made.keys(), ...seconds.keys()])].sort((a, b) => a - b);
  let [seen, exact, off, missing, misses] = [0, 0, 0, 0, 0];
  let [total, counted, lost] = [0, 0, 0];
  const examples: string[] = [];
  for (const second of all) {
    const wanted = made.get(second) ?? 0;
    const found = seconds.get(second) ?? { counted: 0, lost: 0, reported: false };
    if (wanted === 0 && found.counted === 0 && found.lost === 0) continue;
    seen++;
    total += wanted;
    counted += found.counted;
    lost += found.lost;
    const difference = found.counted - wanted;
    if (!found.reported || (found.lost > 0 && difference <= EDGE)) missing++;
    else if (difference === 0) exact++;
    else if (Math.abs(difference) <= EDGE) off++;
    else {
      misses++;
      if (examples.length < 5)
        examples.push(`second ${String(second)}: ${String(found.counted)} of ${String(wanted)}`);
    }
  }
  // Losses of a second without a report are reported with a later one: only the sum can be compared.
  const unknown = total - counted - lost;
  if (Math.abs(unknown) > EDGE) {
    misses++;
    examples.push(`${String(Math.abs(unknown))} events ${unknown > 0 ? 'are nowhere' : 'too many'}`);
  }
  const text =
    `${String(seen)} seconds: ${String(exact)} exact, ${String(off)} off by one event, ${String(missing)} missing or with losses, ` +
    `${String(misses)} wrong; ${String(total)} events made = ${String(counted)} counted + ${String(lost)} lost` +
    (examples.length === 0 ? '' : ` (${examples.join('; ')})`);
  return { text, misses };
}
