/*
 * A program's text as something that a child can open as /dev/stdin: a pipe of Node's is a socket, which cannot be
 * opened. In: text. Out: a file descriptor of a file that no longer has a name; it is closed after use.
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
