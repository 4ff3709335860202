/*
 * Dumps on disk: one JSON file each, written atomically, readable by its owner alone, bounded in number and size. In: a
 * dump as plain data. Out: its file. Everything here is synchronous: the process may be about to exit.
 */
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

/** Size of one dump. */
export const DUMP_BYTES = 16 * 1024 * 1024;
/** Number of dumps kept. */
export const DUMPS_KEPT = 20;
/** Total size of the dumps kept. */
const DUMPS_BYTES = 64 * 1024 * 1024;

export interface DumpFile {
  readonly file: string;
  readonly bytes: number;
}

let written = 0;

/** Writes `parts` as one object; a dump that is too large loses its last parts. Throws the disk's error. */
export function writeDump(
  folder: string,
  name: string,
  timeMs: number,
  parts: Readonly<Record<string, unknown>>,
): DumpFile {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const stamp = new Date(timeMs).toISOString().replace(/[-:]/g, '');
  const base = `${name.replace(/[^\w.-]/g, '_')}-${stamp}-${process.pid}-${++written}.json`;
  const file = join(folder, base);
  const bytes = Buffer.from(fitting(parts));
  const temporary = `${file}.new`;
  try {
    const handle = openSync(temporary, 'wx', 0o600);
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  forgetOldest(folder);
  return { file, bytes: bytes.length };
}

function fitting(parts: Readonly<Record<string, unknown>>): string {
  const kept = new Map(Object.entries(parts));
  for (const name of [...kept.keys()].reverse()) {
    const text = JSON.stringify(Object.fromEntries(kept), undefined, 1);
    if (Buffer.byteLength(text) <= DUMP_BYTES) return `${text}\n`;
    kept.set(name, '(too large for one dump)');
  }
  return '{}\n';
}

/** Keeps the newest files; also deletes partial files of killed processes that are an hour old. */
function forgetOldest(folder: string): void {
  const files = readdirSync(folder)
    .filter((name) => /\.json(\.new)?$/.test(name))
    .flatMap((name) => {
      const path = join(folder, name);
      const stat = statSync(path, { throwIfNoEntry: false }); // another service may delete files at the same time
      return stat === undefined ? [] : [{ path, time: stat.mtimeMs, bytes: stat.size }];
    })
    .sort((a, b) => b.time - a.time || (a.path < b.path ? 1 : -1));
  let count = 0;
  let bytes = 0;
  for (const { path, time, bytes: size } of files) {
    if (path.endsWith('.new')) {
      if (Date.now() - time > 3_600_000) rmSync(path, { force: true });
      continue;
    }
    count++;
    bytes += size;
    if (count > 1 && (count > DUMPS_KEPT || bytes > DUMPS_BYTES)) rmSync(path, { force: true });
  }
}
