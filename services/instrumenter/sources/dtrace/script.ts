/*
 * A program's text as a file that a child can open as /dev/stdin: Node.js pipes are sockets, which cannot be
 * opened. In: text. Out: a descriptor of an unlinked file; it is closed after use.
 */
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function withScript<T>(text: string, use: (descriptor: number) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'ca-dtrace-'));
  let descriptor: number | undefined;
  try {
    const file = join(folder, 'program.d');
    writeFileSync(file, text, { mode: 0o600 });
    descriptor = openSync(file, 'r');
    return use(descriptor);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
