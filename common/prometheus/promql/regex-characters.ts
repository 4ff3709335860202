/* Characters and character classes of regular expressions. In: a token. Out: a test of a code point. */

export type Test = (code: number) => boolean;

export const codeOf = (sign: string): number => sign.codePointAt(0) ?? 0;

export function foldings(code: number): [number, number] {
  const sign = String.fromCodePoint(Math.min(code, 0x10ffff));
  return [codeOf(sign.toLowerCase()), codeOf(sign.toUpperCase())];
}

export const NEVER: Test = () => false;
const ascii =
  (pattern: RegExp): Test =>
  (code) =>
    code < 128 && pattern.test(String.fromCharCode(code));
const not =
  (test: Test): Test =>
  (code) =>
    !test(code);
const [DIGIT, WORD, SPACE] = [ascii(/\d/), ascii(/\w/), ascii(/[\t\n\f\r ]/)];
export const CLASSES = new Map<string, Test>([
  ['d', DIGIT],
  ['D', not(DIGIT)],
  ['w', WORD],
  ['W', not(WORD)],
  ['s', SPACE],
  ['S', not(SPACE)],
]);
export const POSIX = new Map<string, Test>([
  ['alpha', ascii(/[a-zA-Z]/)],
  ['digit', DIGIT],
  ['alnum', ascii(/[a-zA-Z0-9]/)],
  ['lower', ascii(/[a-z]/)],
  ['upper', ascii(/[A-Z]/)],
  ['space', ascii(/[\t\n\v\f\r ]/)],
  ['punct', ascii(/[!-/:-@[-`{-~]/)],
  ['word', WORD],
  ['xdigit', ascii(/[0-9a-fA-F]/)],
]);
export const CONTROLS = new Map([
  ['a', 7],
  ['t', 9],
  ['n', 10],
  ['v', 11],
  ['f', 12],
  ['r', 13],
]);
