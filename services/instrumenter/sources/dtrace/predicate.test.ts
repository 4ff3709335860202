import fc from 'fast-check';
import { bytesFromName } from '../../../../common/model/name';
import type { Predicate } from '../../../../common/model/predicate/predicate';
import { predicateText } from './predicate';
import { quote } from './quote';
import { event, expected, predicate, withValues } from './testing/random-predicates';

/** An expect() that is fast enough for a million calls. */
function must(holds: boolean): void {
  if (!holds) throw new Error('not the D that was expected');
}

/* A D expression of literals, &&, ||, !, comparisons and brackets, evaluated as D does. */
type Evaluated = bigint | string;

function evaluateD(text: string): Evaluated {
  const tokens = text.match(/"(?:[^"\\]|\\[0-7]{3})*"|&&|\|\||[=!<>]=|[()<>!]|-?\d+|int64_t/g) ?? [];
  must(tokens.join('').replace(/\s/g, '') === text.replace(/\s/g, ''));
  let at = 0;
  const next = (): string => tokens[at++] ?? '';
  const primary = (): Evaluated => {
    const token = next();
    if (token === '!') return primary() === 0n ? 1n : 0n;
    if (token === '(') {
      if (tokens[at] === 'int64_t') {
        at += 2;
        return primary();
      }
      const inner = or();
      must(next() === ')');
      return inner;
    }
    if (token.startsWith('"')) return token;
    return BigInt(token);
  };
  const compare = (): Evaluated => {
    const left = primary();
    if (!/^([=!]=|[<>]=?)$/.test(tokens[at] ?? '')) return left;
    const op = next();
    const right = primary();
    must(typeof left === typeof right);
    const results: Record<string, boolean> = {
      '==': left === right,
      '!=': left !== right,
      '<': left < right,
      '<=': left <= right,
      '>': left > right,
      '>=': left >= right,
    };
    return results[op] === true ? 1n : 0n;
  };
  const and = (): Evaluated => {
    let value = compare();
    while (tokens[at] === '&&') {
      at++;
      const right = compare();
      value = value !== 0n && right !== 0n ? 1n : 0n;
    }
    return value;
  };
  const or = (): Evaluated => {
    let value = and();
    while (tokens[at] === '||') {
      at++;
      const right = and();
      value = value !== 0n || right !== 0n ? 1n : 0n;
    }
    return value;
  };
  const value = or();
  must(at === tokens.length);
  return value;
}

test('the D text of any predicate is true for exactly the events that count in memory', () => {
  fc.assert(
    fc.property(predicate, event, (p, e) => {
      return (evaluateD(withValues(p, e)) !== 0n) === expected(p, e);
    }),
    { seed: 20260103, numRuns: 2000 },
  );
});

test('no text ends its literal: between its quotes there is neither a bare quote nor a bare backslash', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const literal = quote(text);
      if (bytesFromName(text).includes(0)) expect(literal).toBeUndefined();
      else expect(literal).toMatch(/^"(?:[ !#-[\]-~]|\\[0-3][0-7]{2})*"$/);
    }),
    { seed: 20260104, numRuns: 2000 },
  );
  expect(quote('a1\\x011')).toBe('"a1\\0011"');
});

const zoneOf = (zone: string, own: Predicate): Predicate => ({
  kind: 'and',
  members: [{ kind: 'compare', op: 'eq', field: 'zonename', constant: zone }, own],
});

test('a constant that closes its string and opens an "or" does not widen a customer\'s zone', () => {
  const own: Predicate = { kind: 'compare', op: 'eq', field: 'execname', constant: 'x") || (zonename != "' };
  const elsewhere = { execname: 'x', zonename: 'theirs', pid: 1, latency: 1 };
  expect(predicateText(zoneOf('mine', own), (name) => name)).toBe(
    '(((zonename) == "mine") && ((execname) == "x\\042) || (zonename != \\042"))',
  );
  expect(evaluateD(withValues(zoneOf('mine', own), elsewhere))).toBe(0n);
});

test('nothing a customer asks sees an event of another zone', () => {
  fc.assert(
    fc.property(predicate, event, (own, e) => {
      fc.pre(e.zonename !== 'mine');
      return evaluateD(withValues(zoneOf('mine', own), e)) === 0n;
    }),
    { seed: 20260105, numRuns: 2000 },
  );
});
