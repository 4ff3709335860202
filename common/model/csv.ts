/*
 * Rows as comma-separated values (RFC 4180). In: texts and numbers; texts may be anybody's. Out: lines that a spreadsheet
 * opens without running a formula, and a terminal shows without obeying.
 */

/** Control and formatting characters; line breaks too, which would be legal and surprise every line-wise tool. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

export function csvLine(fields: readonly (string | number)[]): string {
  return `${fields.map(csvField).join(',')}\r\n`;
}

function csvField(field: string | number): string {
  if (typeof field === 'number') return String(field);
  const shown = field.replace(UNSAFE, (c) => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
  // What begins with one of these is a formula to a spreadsheet.
  const safe = /^[=+\-@]/.test(shown) ? `'${shown}` : shown;
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
