/*
 * Of two config services only one may speak at a time (services/config/pair). In: its lease. Out: a number that goes with each of
 * its messages; whoever has heard a greater one does not heed it (reception.ts).
 */

/** The right to speak as the config service. */
export interface PeerLease {
  /** Goes with each message: members do not heed a lower one than they have heard. */
  readonly fence: number;
  /** False: nothing is sent now, as if the broker were away. */
  readonly isValid: () => boolean;
}
