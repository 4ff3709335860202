/*
 * Names from the kernel are untrusted bytes; JSON, predicates and terminals need text.
 * In: bytes. Out: text that stands for exactly those bytes, and back again.
 *
 * Valid UTF-8 is itself. A byte that is not becomes \xHH, and a backslash that would read as such an
 * escape becomes \x5c, so that no two names have the same text.
 */

const ESCAPE = /\\x([0-9a-f]{2})/g;

/** Text for the bytes of a name; a NUL ends it, as in the kernel. */
export function nameFromBytes(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  const name = Buffer.from(end === -1 ? bytes : bytes.subarray(0, end));
  const text = name.toString('utf8');
  if (!text.includes('\ufffd')) return escapeText(text);
  let out = '';
  let validFrom = 0;
  for (let i = 0; i < name.length;) {
    const length = sequenceLength(name, i);
    if (length === 0) {
      out += escapeText(name.toString('utf8', validFrom, i));
      out += `\\x${(name[i] ?? 0).toString(16).padStart(2, '0')}`;
      validFrom = i + 1;
    }
    i += Math.max(length, 1);
  }
  return out + escapeText(name.toString('utf8', validFrom));
}

/** Escapes each backslash that would read as one of our escapes. */
function escapeText(text: string): string {
  return text.replace(ESCAPE, '\\x5cx$1');
}

/** The inverse of nameFromBytes. */
export function bytesFromName(text: string): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (const match of text.matchAll(ESCAPE)) {
    parts.push(Buffer.from(text.slice(from, match.index)), Buffer.from(match[1] ?? '', 'hex'));
    from = match.index + match[0].length;
  }
  parts.push(Buffer.from(text.slice(from)));
  return Buffer.concat(parts);
}

/** Length in bytes of the valid UTF-8 sequence at `at`; 0 when there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  const length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(at, at + length));
    return length;
  } catch {
    return 0;
  }
}
