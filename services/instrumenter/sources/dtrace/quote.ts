/*
 * The only way from a user's text into a D program. In: text, as in common/model/name.ts. Out: a D string literal.
 */
import { bytesFromName } from '../../../../common/model/name';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const isPlain = (byte: number): boolean =>
  byte >= 0x20 && byte < 0x7f && byte !== QUOTE && byte !== BACKSLASH;

/**
 * A literal for exactly these bytes; all but harmless ASCII goes as three octal digits, which no following
 * digit can lengthen. undefined: the text holds a NUL, so that no text of a kernel equals it (a literal would end there).
 */
export function quote(text: string): string | undefined {
  const bytes = bytesFromName(text);
  if (bytes.includes(0)) return undefined;
  const inner = Array.from(bytes, (byte) =>
    isPlain(byte) ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`,
  );
  return `"${inner.join('')}"`;
}
