/* Whether two counts agree. In: both, and the fraction of the second one by which they may differ. Out: yes or no, and by how much. */

export interface Verdict {
  readonly isHeld: boolean;
  /** "+0.4 %" */
  readonly deviation: string;
}

export function verdictOf(counted: number, witnessed: number, tolerance: number): Verdict {
  // A workload that did nothing shows nothing.
  if (!(witnessed > 0) || !Number.isFinite(counted))
    return { isHeld: false, deviation: 'nothing to compare' };
  const part = (counted - witnessed) / witnessed;
  return {
    isHeld: Math.abs(part) <= tolerance,
    deviation: `${part >= 0 ? '+' : ''}${(100 * part).toFixed(1)} %`,
  };
}
