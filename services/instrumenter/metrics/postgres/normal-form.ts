/*
 * The normal form of an SQL statement: one text for all statements that differ in their literals alone. In: the text of
 * a statement, perhaps cut at its end. Out: "select * from o where id = ?". No literal is in it, not even a part of one.
 *
 * A scanner of PostgreSQL's lexical rules (4.1 of its manual), not a parser: comments and white space become one blank,
 * names without quotes become small letters, literals and parameters become "?", and lists of these one "?".
 */

/** Each alternative is one kind of token; where none fits, the next character is a token of its own. */
const TOKEN = new RegExp(
  [
    String.raw`(?<space>[ \t\n\r\f\v]+|--[^\n\r]*)`,
    // E'…' has escapes with a backslash; in all others a quote is doubled. One that is cut ends with the text.
    String.raw`(?<text>e'(?:[^'\\]|''|\\[^]|\\$)*(?:'|$)|(?:[bnx]|u&)?'(?:[^']|'')*(?:'|$))`,
    String.raw`(?<quoted>(?:u&)?"(?:[^"]|"")*(?:"|$))`,
    // A dollar sign inside a name belongs to the name: a$b$ is a name, not a quote.
    String.raw`(?<name>[a-z_\x80-\xff][a-z0-9_$\x80-\xff]*)`,
    String.raw`(?<number>0(?:x[0-9a-f_]*|o[0-7_]*|b[01_]*)|(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:e[+-]?[0-9_]*)?)`,
    String.raw`(?<parameter>\$[0-9]+)`,
    String.raw`(?<dollar>\$(?:[a-z_\x80-\xff][a-z0-9_\x80-\xff]*)?(?:\$|$))`,
    String.raw`(?<comment>/\*)`,
  ].join('|'),
  'iy',
);

const LITERAL = '?';
/** A sign after one of these belongs to the number that follows it. */
const BEFORE_SIGN =
  /(?:^|[=<>(,*/%|]|\b(?:and|between|or|when|then|else|limit|offset|select|values|return)) ?[+-]$/;

/** `statement`: bytes as latin1 text, so that each character is one byte, whatever the encoding. */
export function normalForm(statement: string): string {
  let out = '';
  let gap = false;
  let last = '';
  const put = (token: string): void => {
    // 'a' 'b' is one literal; ten of them in a list read as one.
    if (token === LITERAL && last === LITERAL) return;
    if (gap && out !== '') out += ' ';
    gap = false;
    if (token === LITERAL && BEFORE_SIGN.test(out)) out = out.slice(0, -1);
    out += token;
    last = token;
  };
  for (let at = 0; at < statement.length;) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(statement);
    const found = match?.groups ?? {};
    at += match?.[0].length ?? 1;
    if (found['space'] !== undefined) gap = true;
    else if (found['comment'] !== undefined) {
      at = endOfComment(statement, at);
      gap = true;
    } else if (found['dollar'] !== undefined) {
      const end = statement.indexOf(found['dollar'], at);
      at = end === -1 ? statement.length : end + found['dollar'].length;
      put(LITERAL);
    } else if (
      found['text'] !== undefined ||
      found['number'] !== undefined ||
      found['parameter'] !== undefined
    ) {
      put(LITERAL);
    } else if (found['quoted'] !== undefined) put(found['quoted']);
    else put(lower(match?.[0] ?? statement.charAt(at - 1)));
  }
  return shortLists(out.replace(/ ?;+$/, ''));
}

/** Comments nest. An unterminated one ends with the text. */
function endOfComment(text: string, from: number): number {
  const MARK = /\/\*|\*\//g;
  MARK.lastIndex = from;
  for (let depth = 1; depth > 0;) {
    const mark = MARK.exec(text);
    if (mark === null) return text.length;
    depth += mark[0] === '/*' ? 1 : -1;
  }
  return MARK.lastIndex;
}

/** ASCII letters only: other bytes may be parts of characters. */
function lower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** (?, ?, ?) and (?), (?) become (?), whatever the number of values. */
function shortLists(text: string): string {
  return text.replace(/\?(?: ?, ?\?)+(?=[ )]*\)|$)/g, '?').replace(/(\( ?\? ?\))(?: ?, ?\( ?\? ?\))+/g, '$1');
}
