import fc from 'fast-check';
import { spawnSync } from 'node:child_process';
import { bytesFromName } from '../../../../common/name';
import { evaluate, type Constant, type Predicate } from '../../../../common/predicate';
import { predicateText, type PlainField } from './predicate';
import { quote } from './quote';
import { withScript } from './script';
import { describeDtrace } from './testing';

/* A D expression of literals, &&, ||, !, comparisons and brackets, evaluated as D does. */
type Evaluated = bigint | string;

function evaluateD(text: string): Evaluated {
  const tokens = text.match(/"(?:[^"\\]|\\[0-7]{3})*"|&&|\|\||[=!<>]=|[()<>!]|-?\d+|int64_t/g) ?? [];
  expect(tokens.join('').replace(/\s/g, '')).toBe(
    text.replace(/\s(?=(?:[^"]*"[^"]*")*[^"]*$)/g, '').replace(/\s/g, ''),
  );
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
      expect(next()).toBe(')');
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
    expect(typeof left).toBe(typeof right);
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
  expect(at).toBe(tokens.length);
  return value;
}

const texts = fc.oneof(
  fc.constantFrom(
    '',
    'x',
    'x") || (zonename != "',
    '"',
    '\\',
    '\\"',
    '*/',
    '$target',
    '%s\n',
    'a\\x41',
    '\\xff',
    '0',
    'é',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }).filter((s) => !s.includes('\0')),
);
const numbers = fc.oneof(
  fc.integer({ min: -20, max: 20 }),
  fc.double({ min: -20, max: 20, noNaN: true }),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, -0, 1e15 + 0.5),
);
const leaf: fc.Arbitrary<Predicate> = fc.oneof(
  fc.constant<Predicate>({ kind: 'always' }),
  fc.record({
    kind: fc.constant('compare' as const),
    op: fc.constantFrom('eq' as const, 'ne' as const),
    field: fc.constantFrom('execname', 'zonename'),
    constant: texts,
  }),
  fc.record({
    kind: fc.constant('compare' as const),
    op: fc.constantFrom('eq' as const, 'ne' as const),
    field: fc.constant('pid'),
    constant: fc.oneof(
      texts,
      fc.integer({ min: -5, max: 30 }).map(String),
      fc.constantFrom('007', '-0', '1e1', '99999999999999999999'),
    ),
  }),
  fc.record({
    kind: fc.constant('compare' as const),
    op: fc.constantFrom(
      'eq' as const,
      'ne' as const,
      'lt' as const,
      'le' as const,
      'gt' as const,
      'ge' as const,
    ),
    field: fc.constant('latency'),
    constant: numbers,
  }),
);
const { predicate } = fc.letrec<{ predicate: Predicate }>((tie) => ({
  predicate: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      members: fc.array(tie('predicate'), { minLength: 2, maxLength: 3 }),
    }),
  ),
}));
const event = fc.record({
  execname: texts,
  zonename: texts,
  pid: fc.integer({ min: 0, max: 30 }),
  latency: fc.oneof(fc.integer({ min: -20, max: 20 }), fc.constant(Number.MAX_SAFE_INTEGER)),
});
type Event = { execname: string; zonename: string; pid: number; latency: number };

/** The event's own values in place of kernel expressions. */
function withValues(p: Predicate, e: Event): string {
  const fields = new Map<string, PlainField>([
    ['execname', quote(e.execname) ?? ''],
    ['zonename', quote(e.zonename) ?? ''],
    ['pid', { integer: String(e.pid) }],
    ['latency', String(e.latency)],
  ]);
  return predicateText(p, (name) => fields.get(name) ?? '');
}

/** As evaluate() sees it: texts are compared by the bytes they stand for, and discrete numbers as texts. */
function expected(p: Predicate, e: Event): boolean {
  const bytes = (text: string): string => bytesFromName(text).toString('latin1');
  const values: Record<string, Constant> = {
    execname: bytes(e.execname),
    zonename: bytes(e.zonename),
    pid: String(e.pid),
    latency: e.latency,
  };
  const normal = (q: Predicate): Predicate => {
    if (q.kind === 'always') return q;
    if (q.kind !== 'compare') return { ...q, members: q.members.map(normal) };
    return typeof q.constant === 'string' && q.field !== 'pid' ? { ...q, constant: bytes(q.constant) } : q;
  };
  return evaluate(normal(p), (field) => values[field]);
}

test('the D text of any predicate is true for exactly the events that count in memory', () => {
  fc.assert(
    fc.property(predicate, event, (p, e) => {
      expect(evaluateD(withValues(p, e)) !== 0n).toBe(expected(p, e));
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
      expect(evaluateD(withValues(zoneOf('mine', own), e))).toBe(0n);
    }),
    { seed: 20260105, numRuns: 2000 },
  );
});

describeDtrace('a real dtrace', (dtrace) => {
  test('evaluates random predicates as we do', () => {
    const cases = fc.sample(fc.tuple(predicate, event), { seed: 20260106, numRuns: 40 });
    const clauses = cases.map(([p, e], i) => `BEGIN /${withValues(p, e)}/ { printf("%d ", ${i}); }`);
    const text = [
      '#pragma D option quiet',
      '#pragma D option strsize=129',
      ...clauses,
      'BEGIN { exit(0); }',
    ].join('\n');
    const run = withScript(text, (script) =>
      spawnSync(dtrace, ['-s', '/dev/stdin'], {
        stdio: [script, 'pipe', 'pipe'],
        encoding: 'utf8',
        timeout: 60_000,
      }),
    );
    expect(run.stderr).toBe('');
    const wanted = cases.flatMap(([p, e], i) => (expected(p, e) ? [i] : []));
    expect(run.stdout.trim().split(/\s+/).map(Number)).toEqual(wanted);
    expect(wanted.length).toBeGreaterThan(5);
  }, 90_000);
});
