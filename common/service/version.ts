/* Our version. In: the package.json above the running code. Out: "0.1.0", or "unknown". */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export function versionHere(): string {
  let folder = __dirname;
  for (;;) {
    try {
      return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
    } catch {
      const above = dirname(folder);
      if (above === folder) return 'unknown';
      folder = above;
    }
  }
}
