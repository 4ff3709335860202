/*
 * The table that an SQL statement is about: the first that it names. In: the text of a statement, perhaps cut at its end,
 * as latin1 text. Out: "orders", "shop.orders", NONE, or UNKNOWN where the text ends before the name does.
 *
 * A scanner, not a parser: no literal is ever taken for a table, and of a statement that is cut no part of a name.
 */

export const NONE = '(none)';
export const UNKNOWN = '(unknown)';
const NAME_BYTES = 64;

interface Dialect {
  /** A backslash in a text keeps the quote behind it from ending it. */
  readonly escapes: boolean;
  /** Names without quotes are small letters, whatever is written. */
  readonly folds: boolean;
  readonly comment: string;
}
export const MYSQL: Dialect = {
  escapes: true,
  folds: false,
  comment: String.raw`#[^\n]*|--(?=[\s\x00-\x1f]|$)[^\n]*`,
};
export const POSTGRESQL: Dialect = { escapes: false, folds: true, comment: String.raw`--[^\n\r]*` };

interface Token {
  /** A name as it is to be shown, a sign, or '' for a literal. */
  readonly text: string;
  readonly kind: 'name' | 'quoted' | 'other';
  /** Where the text goes on behind it. */
  readonly end: number;
}

/** Behind these a table is named, wherever they stand; behind the others where the statement begins with them. */
const ANYWHERE = new Set(['from', 'join', 'into', 'table']);
const LEADING = new Set([
  ...['update', 'insert', 'replace', 'truncate', 'copy', 'analyze', 'vacuum', 'describe', 'refresh', 'load'],
  ...['handler', 'merge', 'lock', 'optimize', 'repair', 'check'],
]);
/** Between such a word and the name. */
const BETWEEN = new Set([
  ...[
    'only',
    'lateral',
    'if',
    'not',
    'exists',
    'ignore',
    'low_priority',
    'high_priority',
    'delayed',
    'quick',
  ],
  ...['into', 'table', 'tables', 'verbose', 'full', 'concurrently', 'materialized', 'view', 'data', 'local'],
]);
/** What may follow instead of a name. */
const NO_NAME = new Set([
  'select',
  'values',
  'value',
  'set',
  'outfile',
  'dumpfile',
  'unnest',
  'dual',
  'as',
  'infile',
]);
/** In their brackets FROM is a preposition. */
const FUNCTIONS = new Set(['extract', 'trim', 'substring', 'substr', 'overlay', 'position']);

/** A function that takes a statement; one of `bytes` - 1 or more was cut. */
export function tableOf(dialect: Dialect, bytes: number): (statement: string) => string {
  const token = tokenizer(dialect);
  return (statement) => find(statement, token, statement.length >= bytes - 1 ? UNKNOWN : NONE);
}

function find(
  statement: string,
  tokenAt: (text: string, at: number) => Token | undefined,
  none: string,
): string {
  const brackets: string[] = [];
  let [before, last] = ['', ''];
  let at = 0;
  const next = (): Token | undefined => {
    const token = tokenAt(statement, at);
    at = token?.end ?? statement.length;
    return token;
  };
  let first = true;
  for (let token = next(); token !== undefined; token = next()) {
    const word = token.kind === 'name' ? token.text.toLowerCase() : '';
    if (token.text === '(' && token.kind === 'other') brackets.push(last);
    if (token.text === ')' && token.kind === 'other') brackets.pop();
    // A query in such brackets has tables again.
    if (word === 'select') brackets.splice(-1, 1, ...(brackets.length > 0 ? [''] : []));
    const isPreposition =
      word === 'from' &&
      (FUNCTIONS.has(brackets.at(-1) ?? '') || (last === 'distinct' && ['is', 'not'].includes(before)));
    if ((ANYWHERE.has(word) && !isPreposition && last !== '.') || (first && LEADING.has(word))) {
      const from = at;
      let name = next();
      while (name?.kind === 'name' && BETWEEN.has(name.text.toLowerCase())) name = next();
      const table = name === undefined || isNoName(name) ? undefined : qualified(name, next, none);
      if (table !== undefined) return table;
      at = from;
    }
    if (word !== '' || token.text !== '(') first = false;
    [before, last] = [last, word === '' ? token.text : word];
  }
  return none;
}

const isNoName = ({ kind, text }: Token): boolean =>
  kind === 'other' || (kind === 'name' && NO_NAME.has(text.toLowerCase()));

/** The name with what stands before it; undefined for a function's. */
function qualified(name: Token, next: () => Token | undefined, none: string): string | undefined {
  const parts = [name.text.slice(0, NAME_BYTES)];
  for (;;) {
    const sign = next();
    // The text was cut here, perhaps within the name.
    if (sign === undefined) return none === UNKNOWN ? UNKNOWN : parts.join('.');
    if (sign.kind !== 'other' || sign.text !== '.') break;
    const part = next();
    if (part === undefined) return UNKNOWN;
    if (part.kind === 'other') break;
    // No database has more than three levels.
    if (parts.length < 3) parts.push(part.text.slice(0, NAME_BYTES));
  }
  return parts.join('.');
}

/** The token at a place, without white space and comments before it; undefined at the end, and where the text ends within it. */
function tokenizer({ escapes, folds, comment }: Dialect): (text: string, at: number) => Token | undefined {
  const text = escapes
    ? String.raw`'(?:[^'\\]|\\[^]|'')*'?|"(?:[^"\\]|\\[^]|"")*"?`
    : String.raw`'(?:[^']|'')*'?`;
  const pattern = new RegExp(
    [
      String.raw`(?<space>[\s\x00-\x1f]+|${comment}|/\*(?![!M])[^]*?(?:\*/|$)|/\*M?!\d*|\*/)`,
      // Within a statement a text in double quotes is a name where a name is expected.
      String.raw`(?<quoted>"(?:[^"]|"")*"|${'`'}(?:[^${'`'}]|${'``'})*${'`'})`,
      String.raw`(?<literal>[eE]'(?:[^'\\]|''|\\[^])*'?|${text}|\$(?<tag>[a-zA-Z_]*)\$[^]*?(?:\$\k<tag>\$|$)|["${'`'}][^]*)`,
      String.raw`(?<name>[a-zA-Z_\x80-\xff][a-zA-Z0-9_$\x80-\xff]*)`,
      String.raw`(?<number>[0-9@:?$][a-zA-Z0-9_.$@\x80-\xff]*)`,
    ].join('|'),
    'y',
  );
  return (statement, from) => {
    for (let at = from; at < statement.length;) {
      pattern.lastIndex = at;
      const match = pattern.exec(statement);
      const end = at + (match?.[0].length ?? 1);
      const { space, quoted, name, literal, number } = match?.groups ?? {};
      at = end;
      if (space !== undefined) continue;
      if (quoted !== undefined) return { kind: 'quoted', text: unquoted(quoted), end };
      if (name !== undefined) return { kind: 'name', text: folds ? name.toLowerCase() : name, end };
      if (literal !== undefined || number !== undefined) return { kind: 'other', text: '', end };
      return { kind: 'other', text: statement.charAt(end - 1), end };
    }
    return undefined;
  };
}

const unquoted = (name: string): string => {
  const quote = name.charAt(0);
  return name.slice(1, -1).replaceAll(quote + quote, quote);
};
