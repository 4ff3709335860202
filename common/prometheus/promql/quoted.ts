/* Texts as PromQL quotes them: "a\n", 'a', `a`. In: the literal. Out: the text, and back. */

const SIMPLE = new Map([
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
]);
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([\s\S]?))/g;

/** undefined: an unknown escape. */
export function unquote(literal: string): string | undefined {
  const inside = literal.slice(1, -1);
  if (literal.length < 2 || !literal.endsWith(literal.charAt(0))) return undefined;
  if (literal.startsWith('`')) return inside;
  let wrong = false;
  const text = inside.replace(
    ESCAPE,
    (_all, x?: string, u?: string, long?: string, octal?: string, simple?: string) => {
      const hex = x ?? u ?? long;
      const code =
        hex !== undefined ? parseInt(hex, 16) : octal !== undefined ? parseInt(octal, 8) : undefined;
      if (code !== undefined && code <= 0x10ffff) return String.fromCodePoint(code);
      const known = simple === undefined ? undefined : SIMPLE.get(simple);
      wrong ||= known === undefined;
      return known ?? '';
    },
  );
  return wrong ? undefined : text;
}

/** A label's value in a query or in the text formats. */
export function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}
