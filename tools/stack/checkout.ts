/*
 * Where this checkout lies. In: nothing. Out: its folder, and build/ in it, whether a file runs from there or, in tests,
 * from the sources.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

export function checkoutFolder(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

export function buildFolder(): string {
  return join(checkoutFolder(), 'build');
}
