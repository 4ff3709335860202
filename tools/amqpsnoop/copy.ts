/* A copy of a message that passed the broker. */

export interface Copy {
  /** Keys it was published with: one, or several at once. */
  readonly keys: readonly string[];
  readonly contentType: string;
  readonly body: Buffer;
}
