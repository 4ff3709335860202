/* A message that was listened in on. */

export interface Copy {
  /** Keys it was published with: one, or several at once. */
  readonly keys: readonly string[];
  readonly contentType: string;
  readonly body: Buffer;
}
