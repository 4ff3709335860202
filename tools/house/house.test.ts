import { cyclesOf, describe as describeTree, importsOf } from './house';

const file = (path: string, ...imports: string[]): { path: string; text: string } => ({
  path,
  text: imports.map((name) => `import type { X } from '${name}';\n`).join(''),
});

test('a cycle through types is a cycle, and a chain is none', () => {
  const chain = [file('a/x.ts', './y'), file('a/y.ts', '../b/z'), file('b/z.ts')];
  expect(cyclesOf(chain)).toEqual([]);
  const cycle = [...chain.slice(0, 2), file('b/z.ts', '../a/x')];
  expect(cyclesOf(cycle).map((paths) => [...paths].sort())).toEqual([['a/x.ts', 'a/y.ts', 'b/z.ts']]);
});

test('imports are told apart: our own, Node.js’s, others’', () => {
  const text = `import 'side';\nimport { a } from './a.ts';\nexport * from '@scope/name/deep';\nimport fs from 'node:fs';\nrequire('../later');\n`;
  expect(importsOf({ path: 'x/y/f.ts', text })).toEqual({
    local: ['x/y/a.ts', 'x/later.ts'],
    outside: ['side', '@scope/name'],
  });
});

test('a file of 351 lines and a folder of 21 files are beyond their bounds', () => {
  const long = { path: 'tools/x/long.ts', text: '\n'.repeat(351) };
  const many = Array.from({ length: 21 }, (_, i) => file(`common/many/f${i}.ts`));
  expect(describeTree([long]).broken).toBe(true);
  expect(describeTree(many).broken).toBe(true);
  expect(describeTree(many.slice(1)).broken).toBe(false);
});

test('what only tests use is not part of the product', () => {
  const product = file('common/a.ts', './testing/b');
  expect(describeTree([product, file('common/testing/b.ts', '../a')]).lines.join()).toContain(
    'files: 1; tests',
  );
});
