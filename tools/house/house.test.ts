import { join } from 'node:path';
import { BOUNDS, cyclesOf, describe as describeTree, importsOf, read } from './house';

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

test('one long file too many, and one folder of 21 files too many, are beyond their bounds', () => {
  const long = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ path: `tools/x${i}/long.ts`, text: '\n'.repeat(351) }));
  const short = Array.from({ length: 100 }, (_, i) => file(`common/f${i}/f.ts`));
  const many = (files: number) =>
    Array.from({ length: BOUNDS.fullFolders.most + 1 }, (_, folder) =>
      Array.from({ length: files }, (_unused, i) => file(`common/many${folder}/f${i}.ts`)),
    ).flat();
  expect(describeTree([...short, ...long(BOUNDS.longFiles.most)]).broken).toBe(false);
  expect(describeTree([...short, ...long(BOUNDS.longFiles.most + 1)]).broken).toBe(true);
  expect(describeTree(many(21)).broken).toBe(true);
  expect(describeTree(many(20)).broken).toBe(false);
});

test('the tree is within its bounds', () => {
  const { lines } = describeTree(read(join(__dirname, '..', '..')));
  expect(lines.filter((line) => line.startsWith('BEYOND'))).toEqual([]);
});

test('what only tests use is not part of the product', () => {
  const product = file('common/a.ts', './testing/b');
  expect(describeTree([product, file('common/testing/b.ts', '../a')]).lines.join()).toContain(
    'files: 1; tests',
  );
});
