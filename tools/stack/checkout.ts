/*
 * Where this checkout lies. In: nothing. Out: its folder, and build/ in it, whether a file runs from there or, in tests,
 * from the sources.
 */
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';

export function checkoutFolder(): string {
  let folder = __dirname;
  while (statSync(join(folder, 'package.json'), { throwIfNoEntry: false }) === undefined) {
    if (folder === dirname(folder))
      throw new Error(`${__dirname} is not in a checkout: no package.json above it`);
    folder = dirname(folder);
  }
  return folder;
}

export function buildFolder(): string {
  return join(checkoutFolder(), 'build');
}
