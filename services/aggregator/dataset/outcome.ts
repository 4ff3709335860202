/* Outcomes of reports, and their counts. */

/** Outcome of one report. */
export type Outcome = 'added' | 'duplicate' | 'future' | 'tooOld' | 'tooMany' | 'malformed';

/** `late` reports were added all the same; `lost` counts events, `givenUp` slots. */
export type OutcomeCounts = Record<Outcome | 'late' | 'lost' | 'givenUp', number>;

export function noOutcomes(): OutcomeCounts {
  return {
    added: 0,
    duplicate: 0,
    future: 0,
    tooOld: 0,
    tooMany: 0,
    malformed: 0,
    late: 0,
    lost: 0,
    givenUp: 0,
  };
}
