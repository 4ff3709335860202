/*
 * Rows as comma-separated values (RFC 4180). In: numbers and untrusted texts. Out: lines that a spreadsheet
 * opens without running a formula, and a terminal shows without interpreting escape sequences.
 */

/** Control and formatting characters; also line breaks, which are legal but break line-oriented tools. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

export function csvLine(fields: readonly (string | number)[]): string {
  return `${fields.map(csvField).join(',')}\r\n`;
}

function csvField(field: string | number): string {
  if (typeof field === 'number') return String(field);
  const shown = field.replace(UNSAFE, (c) => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
  // A spreadsheet takes a cell that begins with one of these as a formula.
  const safe = /^[=+\-@]/.test(shown) ? `'${shown}` : shown;
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
