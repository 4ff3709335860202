/*
 * The words of a predicate's text. In: text. Out: tokens with their columns, always ending with one of kind "end".
 * Next: predicate-text.ts, which reads them by the grammar.
 */

export type Token =
  | { readonly kind: 'word' | 'number' | 'sign' | 'end'; readonly text: string; readonly column: number }
  | { readonly kind: 'text'; readonly text: string; readonly value: string; readonly column: number };

const SPACE = /\s+/y;
const SIGN = /&&|\|\||==|!=|<=|>=|[<>=!(),]/y;
/** Digits, fraction, exponent, and a unit without a space. */
const NUMBER = /[+-]?(?:\d[\d_]*(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?[a-zA-Zµμ%]*(?![\w./:@-])/y;
/** Names of fields, and values that need no quotes: sda1, /usr/bin/node, 10.0.0.1. */
const WORD = /[\w/][\w./:@-]*/y;
const QUOTED = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/y;

/** `fail` makes the error to throw for text that is not a token. */
export function tokens(text: string, fail: (message: string, column: number) => Error): Token[] {
  const found: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const matched = pattern.exec(text)?.[0];
    at += matched?.length ?? 0;
    return matched;
  };
  while (at < text.length) {
    if (match(SPACE) !== undefined) continue;
    const column = at + 1;
    const quoted = match(QUOTED);
    if (quoted !== undefined) {
      found.push({ kind: 'text', text: quoted, value: unquote(quoted, column, fail), column });
      continue;
    }
    const sign = match(SIGN);
    const number = sign ?? match(NUMBER);
    const whole = number ?? match(WORD);
    if (whole === undefined) throw fail(unknown(text.slice(at)), column);
    const kind = sign !== undefined ? 'sign' : number !== undefined ? 'number' : 'word';
    found.push({ kind, text: whole, column });
  }
  found.push({ kind: 'end', text: 'the end', column: text.length + 1 });
  return found;
}

/** JSON's escapes in both kinds of quotes; an escaped apostrophe as well. */
function unquote(quoted: string, column: number, fail: (message: string, column: number) => Error): string {
  const inner = quoted.slice(1, -1);
  const json = quoted.startsWith("'")
    ? inner.replaceAll("\\'", "'").replace(/(?<!\\)((?:\\\\)*)"/g, '$1\\"')
    : inner;
  try {
    return JSON.parse(`"${json}"`) as string;
  } catch {
    throw fail(`${quoted} has an escape that is not one of \\" \\\\ \\n \\t \\r \\b \\f \\uXXXX`, column);
  }
}

function unknown(rest: string): string {
  const character = String.fromCodePoint(rest.codePointAt(0) ?? 0);
  if (character === '"' || character === "'") return `the text that begins here has no closing ${character}`;
  if (character === '&' || character === '|') return `write ${character}${character}`;
  return `${JSON.stringify(character)} means nothing here`;
}
