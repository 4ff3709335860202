/* Whether two counts agree. In: both, and the fraction of the second one by which they may differ. Out: yes or no, and by how much. */

export interface Verdict {
  readonly isHeld: boolean;
  /** "+0.4 %" */
  readonly deviation: string;
}

/** `most`: where the witness could only be asked before and after, it has anything from one to the other. */
export function verdictOf(
  counted: number,
  witnessed: number,
  tolerance: number,
  most: number = witnessed,
): Verdict {
  // A workload that did nothing shows nothing.
  if (!(most > 0) || !Number.isFinite(counted)) return { isHeld: false, deviation: 'nothing to compare' };
  const nearest = Math.min(Math.max(counted, witnessed), most);
  const part = (counted - nearest) / nearest;
  return {
    isHeld: Math.abs(part) <= tolerance,
    deviation: `${part >= 0 ? '+' : ''}${(100 * part).toFixed(1)} %`,
  };
}
