/*
 * Messages of HTTP/1, by the first bytes of what a program sends or receives. In: the address of these bytes. Out: whether
 * a request or its answer begins there, and what it says.
 */
import {
  any,
  bits,
  choose,
  equal,
  minus,
  plus,
  shiftRight,
  times,
  unequal,
  userNumber,
  type Expression,
} from '../language/expression';
import { tableOfNames } from '../language/names';

const WORD_BYTES = 8;
/** With a blank and the slash of a path behind them. CONNECT has no path, and a proxy's request no slash. */
const METHOD_NAMES = ['GET', 'POST', 'PUT', 'HEAD', 'PATCH', 'DELETE', 'OPTIONS'] as const;
export const METHODS = tableOfNames(METHOD_NAMES.map((name, i) => [name, i + 1] as const));
/** Words of a request that are kept: its method, and what of its path is shown. */
export const PATH_WORDS = 7;

const constant = (value: bigint): Expression => ({ kind: 'integer', value });

function begins(word: Expression, text: string): Expression {
  const bytes = Buffer.alloc(WORD_BYTES);
  const length = bytes.write(text.slice(0, WORD_BYTES), 'latin1');
  const mask = Buffer.alloc(WORD_BYTES).fill(0xff, 0, length);
  const head = length === WORD_BYTES ? word : bits(word, constant(mask.readBigUInt64LE()));
  return equal(head, constant(bytes.readBigUInt64LE()));
}

const digit = (word: Expression, byte: number): Expression =>
  minus(bits(shiftRight(word, 8 * byte), 0xff), 0x30);

export function message(at: Expression) {
  const wordAt = (i: number): Expression => userNumber(i === 0 ? at : plus(at, WORD_BYTES * i));
  const [word, second] = [wordAt(0), wordAt(1)];
  const isResponse = begins(word, 'HTTP/1.');
  const startsOf = METHOD_NAMES.map((name) => begins(word, `${name} /`));
  const isRequest = any(...startsOf);
  return {
    isMessage: any(isResponse, isRequest),
    isRequest,
    isResponse,
    /** Not "100 Continue" and the like, which come before the answer. */
    isFinal: unequal(digit(second, 1), 1),
    method: startsOf.reduceRight<Expression>(
      (otherwise, starts, i) => choose(starts, i + 1, otherwise),
      constant(0n),
    ),
    status: plus(plus(times(digit(second, 1), 100), times(digit(second, 2), 10)), digit(second, 3)),
    words: Object.fromEntries(Array.from({ length: PATH_WORDS }, (_, i) => [`word${i}`, wordAt(i)])),
  };
}

const SEGMENTS = 3;
/** Numbers, and what is drawn by lot, are not places of a program but names of things. */
const IDENTIFIER = /^(?:\d+|[0-9a-f-]{8,}|(?=[^/]*\d)[\w-]{16,})$/i;
const SHOWN_BYTES = WORD_BYTES * PATH_WORDS;

// "GET /users/17/cart?x HTTP/1.1" is of "/users/*/cart": no query, three names at most, `*` for identifiers.
export function prefixOf(head: string): string {
  const [, target = '', end = ''] = /^[A-Z]+ ([^\s?#]*)([\s?#]?)/.exec(head) ?? [];
  const parts = target.split('/').slice(1);
  // The last is cut where the text is, unless its end is seen.
  const isCut = end === '' && head.length >= SHOWN_BYTES && parts.length <= SEGMENTS;
  if (isCut) parts.pop();
  const shown = parts.slice(0, SEGMENTS).map((part) => (IDENTIFIER.test(part) ? '*' : printable(part)));
  return `/${shown.join('/')}${isCut || parts.length > SEGMENTS ? `${shown.length > 0 ? '/' : ''}…` : ''}`;
}

const printable = (text: string): string => text.replace(/[^!-~]/g, '?');
