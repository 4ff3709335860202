/*
 * The kind of an SQL statement, by its first word. In: the address of its text. Out: expressions for the word and for
 * the kind, and the kinds' names. White space before the word is skipped (at least 14 characters of it); a statement
 * that begins with a comment or a parenthesis is of kind "other".
 */
import {
  bits,
  choose,
  equal,
  minus,
  plus,
  shiftRight,
  times,
  userNumber,
  type Expression,
  type Operand,
} from './language/expression';
import { tableOfNames } from './language/names';

/** Longer words before their prefixes. */
const KINDS = [
  ...[
    'DEALLOCATE',
    'CHECKPOINT',
    'DESCRIBE',
    'HANDLER',
    'REPLACE',
    'OPTIMIZE',
    'SAVEPOINT',
    'ROLLBACK',
    'TRUNCATE',
    'EXPLAIN',
    'EXECUTE',
    'PREPARE',
    'ANALYZE',
  ],
  ...[
    'DECLARE',
    'RELEASE',
    'REFRESH',
    'REINDEX',
    'CLUSTER',
    'DISCARD',
    'COMMENT',
    'UNLISTEN',
    'SELECT',
    'INSERT',
  ],
  ...[
    'UPDATE',
    'DELETE',
    'COMMIT',
    'CREATE',
    'VACUUM',
    'LISTEN',
    'NOTIFY',
    'REVOKE',
    'VALUES',
    'BEGIN',
    'START',
  ],
  ...[
    'ABORT',
    'ALTER',
    'FETCH',
    'CLOSE',
    'MERGE',
    'GRANT',
    'RESET',
    'TABLE',
    'WITH',
    'COPY',
    'DROP',
    'CALL',
    'LOCK',
  ],
  ...['SHOW', 'MOVE', 'LOAD', 'SET', 'USE', 'END', 'DO'],
] as const;

const WORD_BYTES = 8;
const OTHER = 'other';

export const STATEMENTS = tableOfNames([[OTHER, 0], ...KINDS.map((kind, i) => [kind, i + 1] as const)]);

const constant = (value: bigint): Expression => ({ kind: 'integer', value });
const everyByte = (byte: bigint): Expression => constant(byte * 0x0101_0101_0101_0101n);
const or = (left: Expression, right: Operand): Expression => ({
  kind: 'arithmetic',
  op: '|',
  left,
  right: typeof right === 'number' ? constant(BigInt(right)) : right,
});

/** Eight bytes of the text, starting at its first word. */
export function firstWord(text: Expression): Expression {
  return userNumber(skipSpaces(skipSpaces(text)));
}

/** The address of the first of eight bytes that is above a space; of the last of them when none is. */
function skipSpaces(from: Expression): Expression {
  const word = userNumber(from);
  // The highest bit of each byte that is above a space: no byte's sum carries into the next.
  const marks = bits(or(plus(bits(word, everyByte(0x7fn)), everyByte(0x5fn)), word), everyByte(0x80n));
  const below = minus(bits(marks, minus(0, marks)), 1);
  // One for each byte up to the first mark, added up in the highest byte.
  const upTo = shiftRight(times(bits(below, everyByte(1n)), everyByte(1n)), 56);
  return plus(from, minus(upTo, 1));
}

/** The number of the kind (STATEMENTS) that a word begins with, in small letters or capitals. */
export function kindOf(word: Expression): Expression {
  return KINDS.reduceRight<Expression>(
    (otherwise, kind, i) => choose(beginsWith(word, kind), i + 1, otherwise),
    constant(0n),
  );
}

export function beginsWith(word: Expression, kind: (typeof KINDS)[number]): Expression {
  const letters = Buffer.alloc(WORD_BYTES);
  letters.write(kind.slice(0, WORD_BYTES), 'latin1');
  const mask = Buffer.alloc(WORD_BYTES).fill(0xdf, 0, Math.min(kind.length, WORD_BYTES));
  return equal(bits(word, constant(mask.readBigUInt64LE())), constant(letters.readBigUInt64LE()));
}
