import fc from 'fast-check';
import { compileRegex } from './regex';

const atom = fc.oneof(
  fc.constantFrom('a', 'b', 'c', '.', '\\d', '\\.', '[ab]', '[^a]', '[a-c]', 'é', '\\w'),
  fc.constantFrom('x', '-', '/'),
);
const { pattern } = fc.letrec<{ pattern: string; piece: string }>((tie) => ({
  piece: fc.oneof(
    { maxDepth: 3 },
    atom,
    fc.tuple(atom, fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '{2,}', '*?')).map((two) => two.join('')),
    tie('pattern').map((inside) => `(${inside})`),
    tie('pattern').map((inside) => `(?:${inside})+`),
  ),
  pattern: fc
    .array(fc.array(tie('piece'), { maxLength: 4 }), { minLength: 1, maxLength: 3 })
    .map((alternatives) => alternatives.map((pieces) => pieces.join('')).join('|')),
}));
const text = fc.array(fc.constantFrom('a', 'b', 'c', 'x', '.', '-', '/', '1', 'é', '😀'), { maxLength: 8 });

test('any pattern matches the same whole texts as JavaScript’s engine', () => {
  fc.assert(
    fc.property(pattern, text, (source, letters) => {
      fc.pre(source.length < 60);
      const ours = compileRegex(source).test(letters.join(''));
      expect(ours).toBe(new RegExp(`^(?:${source})$`, 'u').test(letters.join('')));
    }),
    { numRuns: Number(process.env['CA_FUZZ_RUNS'] ?? 2000) },
  );
});

test.each(['(a*)*b', '(a|a)*b', '(.*)*(.*)*(.*)*x', '(a|b)*a(a|b){12}', '(a?){60}a{60}'])(
  '%s takes no longer for a hostile text than for any other',
  (source) => {
    const regex = compileRegex(source);
    const began = process.cpuUsage(); // CPU time, not the clock: other processes may have the CPU
    for (let i = 0; i < 100; i++) regex.test('ab'.repeat(i) + 'a'.repeat(200));
    expect(process.cpuUsage(began).user / 1000).toBeLessThan(1500);
  },
);

test('after (?i), case is ignored', () => {
  expect(compileRegex('(?i)mysql[d-f]').test('MySQLE')).toBe(true);
});

test.each([
  '(',
  'a)',
  '[',
  '*',
  'a**',
  'a{3,2}',
  '\\1',
  '(?=a)',
  '\\p{L}',
  'x'.repeat(1001),
  'a{999}',
  '('.repeat(50),
])('%s is refused with a reason', (source) => {
  expect(() => compileRegex(source)).toThrow(/^query has a regular expression that /);
});

test('alternatives of 1000 characters are accepted, as viewers send them', () => {
  const names = Array.from({ length: 90 }, (_, i) => `mysqld-${i}`);
  expect(compileRegex(names.join('|')).test('mysqld-89')).toBe(true);
  expect(compileRegex(`(${names.join('|')})`).test('mysqld-90')).toBe(false);
});

test('a pattern that keeps reaching new sets of states is given up before it delays other requests', () => {
  let seed = 7;
  const text = Array.from({ length: 50_000 }, () =>
    (seed = (seed * 48_271) % 2_147_483_647) % 2 === 0 ? 'a' : 'b',
  ).join('');
  const began = performance.now();
  expect(() => compileRegex('(a|b)*a[ab]{300}').test(text)).toThrow('takes too long');
  expect(performance.now() - began).toBeLessThan(3000);
});
