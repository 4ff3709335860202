/* As many rows of a status as fit into a message. In: rows, most important first. Out: those that fit, and the number omitted. */

interface Fitting<T> {
  readonly rows: readonly T[];
  /** Number of rows omitted. */
  readonly left: number;
}

/** `bytes` bounds the rows as JSON in UTF-8, commas included. */
export function fitting<T>(rows: readonly T[], bytes: number): Fitting<T> {
  let room = bytes;
  for (const [i, row] of rows.entries()) {
    room -= Buffer.byteLength(JSON.stringify(row)) + 1;
    if (room < 0) return { rows: rows.slice(0, i), left: rows.length - i };
  }
  return { rows, left: 0 };
}
