/*
 * Untrusted text, made safe for a terminal. In: any string (a process may be called "\x1b[2J"). Out: the same, with
 * everything that could move the cursor, change colours or reverse the direction of writing shown as \xHH or \uHHHH.
 * Only importer of string-width.
 */
import stringWidth from 'string-width';

// Control characters, DEL and C1; zero-width and direction marks; line and paragraph separators; byte order mark.

const UNSAFE = /[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]/gu;

export function visible(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** JSON that is safe to display: characters of the above that JSON does not escape are written as \uHHHH, which is equal. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(
    UNSAFE_IN_JSON,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const UNSAFE_IN_JSON = /[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** By far the most text; it needs no check of each character. */
const PLAIN = /^[\x20-\x7e]*$/;

/** Columns a text takes: most East Asian characters and emoji take two, combining marks none. */
export function widthOf(text: string): number {
  return PLAIN.test(text) ? text.length : stringWidth(text);
}

/** Visible text cut to a width; a cut is shown as "…". */
export function cut(text: string, width: number): string {
  const safe = visible(text);
  if (widthOf(safe) <= width) return safe;
  let out = '';
  let used = 0;
  for (const character of safe) {
    const w = stringWidth(character);
    if (used + w > width - 1) break;
    out += character;
    used += w;
  }
  return width <= 0 ? '' : `${out}…`;
}

/** Cut and filled with spaces to exactly a width. */
export function fit(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const short = cut(text, width);
  const space = ' '.repeat(Math.max(0, width - widthOf(short)));
  return align === 'left' ? short + space : space + short;
}
