/*
 * The text form of a predicate: execname == "mysqld" && latency > 10ms. In: untrusted text.
 * Out: a checked predicate, or an error with the column; and the text of a predicate, which parses to the same tree.
 *
 *     or         = and { ("||" | "or") and }
 *     and        = part { ("&&" | "and") part }
 *     part       = "(" or ")" | "true" | comparison
 *     comparison = field op constant | constant op field | field "in" "(" constant { "," constant } ")"
 *     op         = "==" | "=" | "!=" | "<" | "<=" | ">" | ">="
 *     constant   = "text" | 'text' | word | number with an optional unit (unit.ts)
 *
 * The text is data: it is parsed by this grammar and never evaluated.
 */
import { CaError, messageOf } from '../../service/errors';
import type { TypeName } from '../field';
import { isNumeric } from '../field';
import { LIMITS } from '../../service/limits';
import { parsePredicate } from './predicate';
import {
  ALWAYS,
  COMPARISONS,
  printPredicate,
  RAW,
  SYMBOLS,
  type Comparison,
  type Constant,
  type Predicate,
} from './predicate-tree';
import { tokens, type Token } from './predicate-tokens';
import { exactText, parseQuantity } from '../unit';

/** undefined: no such field. `any`: the type is unknown, so constants decide (a filter on messages). */
export type TypeOf = (field: string) => TypeName | 'any' | undefined;

/** The text is wrong at `column` (1 is the first). */
export class PredicateTextError extends CaError {
  readonly column: number;
  readonly text: string;

  constructor(message: string, column: number, text: string) {
    super('INVALID', `column ${column}: ${message}`, { field: 'predicate' });
    this.column = column;
    this.text = text;
  }

  /** The text with a mark below the column, for terminals. */
  get picture(): string {
    return `  ${this.text.replace(/\s/g, ' ')}\n  ${' '.repeat(this.column - 1)}^`;
  }
}

const OPERATORS = new Map<string, Comparison>([
  ...COMPARISONS.map((op) => [SYMBOLS[op], op] as const),
  ['=', 'eq'],
]);
const MIRRORED: Record<Comparison, Comparison> = {
  eq: 'eq',
  ne: 'ne',
  lt: 'gt',
  le: 'ge',
  gt: 'lt',
  ge: 'le',
};
/** Blank text is the predicate that is always true. Throws a PredicateTextError. */
export function parsePredicateText(text: string, typeOf: TypeOf): Predicate {
  const reader = new Reader(text, typeOf);
  if (reader.peek().kind === 'end') return ALWAYS;
  const predicate = reader.any();
  const rest = reader.peek();
  if (rest.kind !== 'end') throw reader.error(rest, `expected && or || here, not ${rest.text}`);
  return predicate;
}

class Reader {
  private readonly text: string;
  private readonly typeOf: TypeOf;
  private readonly list: readonly Token[];
  private at = 0;
  private depth = 0;
  private parts = 0;

  constructor(text: string, typeOf: TypeOf) {
    this.text = text;
    this.typeOf = typeOf;
    this.list = tokens(text, (message, column) => new PredicateTextError(message, column, text));
  }

  peek(ahead = 0): Token {
    const last = this.list.length - 1;
    return this.list[Math.min(this.at + ahead, last)] ?? { kind: 'end', text: 'the end', column: 1 };
  }

  error(token: Token, message: string): PredicateTextError {
    return new PredicateTextError(message, token.column, this.text);
  }

  any(): Predicate {
    return this.chain('or', '||', () => this.chain('and', '&&', () => this.part()));
  }

  private next(): Token {
    const token = this.peek();
    this.at++;
    return token;
  }

  private chain(kind: 'and' | 'or', sign: string, member: () => Predicate): Predicate {
    const first = member();
    const members = [first];
    while (this.isWord(this.peek(), kind) || this.isSign(this.peek(), sign)) {
      this.count(this.next());
      members.push(member());
    }
    return members.length === 1 ? first : { kind, members };
  }

  private part(): Predicate {
    const token = this.peek();
    this.count(token);
    if (this.isSign(token, '(')) {
      if (++this.depth >= LIMITS.predicateDepth) {
        throw this.error(token, `parentheses are nested deeper than ${LIMITS.predicateDepth}`);
      }
      this.next();
      const inner = this.any();
      this.expect(')');
      this.depth--;
      return inner;
    }
    if (this.isSign(token, '!') || this.isWord(token, 'not')) {
      throw this.error(token, 'there is no "not"; write the opposite comparison, such as != or <=');
    }
    if (this.isWord(token, 'true') && OPERATORS.get(this.peek(1).text) === undefined) {
      this.next();
      return ALWAYS;
    }
    return this.comparison();
  }

  private comparison(): Predicate {
    const left = this.next();
    if (left.kind === 'end' || left.kind === 'sign') {
      throw this.error(left, `expected a field such as execname, not ${left.text}`);
    }
    if (left.kind === 'word' && this.isWord(this.peek(), 'in')) return this.oneOf(left);
    const sign = this.next();
    const op = sign.kind === 'sign' ? OPERATORS.get(sign.text) : undefined;
    if (op === undefined) {
      throw this.error(sign, `expected ==, !=, <, <=, > or >= after ${left.text}, not ${sign.text}`);
    }
    const right = this.next();
    if (left.kind === 'word') return this.compare(op, left, right);
    if (right.kind !== 'word')
      throw this.error(left, `one side must be a field, and neither ${left.text} nor ${right.text} is`);
    return this.compare(MIRRORED[op], right, left);
  }

  private oneOf(field: Token): Predicate {
    this.next();
    this.expect('(');
    const members = [this.compare('eq', field, this.next())];
    while (this.isSign(this.peek(), ',')) {
      this.next();
      this.count(this.peek());
      members.push(this.compare('eq', field, this.next()));
    }
    this.expect(')');
    const [first] = members;
    return members.length === 1 && first !== undefined ? first : { kind: 'or', members };
  }

  private compare(op: Comparison, field: Token, constant: Token): Predicate {
    const type = this.typeOf(field.text);
    if (type === undefined) throw this.error(field, `${field.text} is not a field that is known here`);
    const value = this.constant(constant, type, field.text);
    if (type === 'any') return { kind: 'compare', op, field: field.text, constant: value };
    try {
      return parsePredicate({ [op]: [field.text, value] }, () => type);
    } catch (error) {
      // The message opens with the JSON path (predicate.lt); here the column says it.
      throw this.error(field, messageOf(error).replace(/^predicate\S* /, ''));
    }
  }

  private constant(token: Token, type: TypeName | 'any', field: string): Constant {
    if (token.kind === 'end' || token.kind === 'sign') {
      throw this.error(token, `expected something to compare ${field} with, not ${token.text}`);
    }
    if (token.kind === 'text') return token.value;
    const discrete = type !== 'any' && !isNumeric(type);
    if (token.kind === 'word' || discrete) {
      if (discrete || type === 'any') return token.text; // pid == 123 compares text: pid is discrete
      throw this.error(token, `${field} is numeric; compare it with a number, not ${token.text}`);
    }
    try {
      return parseQuantity(token.text, type === 'any' ? undefined : type, field);
    } catch (error) {
      throw this.error(token, messageOf(error));
    }
  }

  private expect(sign: string): void {
    const token = this.next();
    if (!this.isSign(token, sign)) throw this.error(token, `expected ${sign} here, not ${token.text}`);
  }

  private isSign(token: Token, sign: string): boolean {
    return token.kind === 'sign' && token.text === sign;
  }

  private isWord(token: Token, word: string): boolean {
    return token.kind === 'word' && token.text.toLowerCase() === word;
  }

  private count(token: Token): void {
    if (++this.parts > 2 * LIMITS.predicateNodes) {
      throw this.error(token, `more than ${LIMITS.predicateNodes} parts`);
    }
  }
}

/** Text that parses to the same tree; numbers get an exact unit. */
export function predicateText(p: Predicate, typeOf: TypeOf = () => 'any'): string {
  return printPredicate(p, {
    ...RAW,
    compare: (field, op, constant) => {
      const type = typeOf(field);
      return typeof constant === 'string'
        ? RAW.compare(field, op, constant)
        : `${field} ${SYMBOLS[op]} ${exactText(constant, type === 'any' ? undefined : type)}`;
    },
  });
}
