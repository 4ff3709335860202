/*
 * Dumps on disk: one JSON file each, whole or not there, for its owner alone, only so many and so large. In: a dump
 * as plain data. Out: its file. Everything here is synchronous: whoever writes a dump may be about to end.
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

/** One dump. */
export const DUMP_BYTES = 16 * 1024 * 1024;
/** Dumps that are kept. */
export const DUMPS_KEPT = 20;
/** Dumps that are kept, together. */
const DUMPS_BYTES = 64 * 1024 * 1024;

export interface DumpFile {
  readonly file: string;
  readonly bytes: number;
}

let written = 0;

/** `parts` are written as one object; of a dump that is too large the last parts give way. Throws the disk's error. */
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

/** Keeps the newest files; what a killed process left half written goes too once it is an hour old. */
function forgetOldest(folder: string): void {
  const files = readdirSync(folder)
    .filter((name) => /\.json(\.new)?$/.test(name))
    .flatMap((name) => {
      const path = join(folder, name);
      const stat = statSync(path, { throwIfNoEntry: false }); // another service may tidy up as well
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
