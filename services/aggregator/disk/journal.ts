/*
 * One file for all instrumentations of this process: each second is one atomic append. In: records of all of them.
 * Out: on request, the records of one instrumentation in the journals of all processes. Values move from here into
 * the instrumentation's own files (hindsight.ts); then the journal's files are deleted.
 */
import { partsOf, type Part } from './remembered';
import { Segments } from './segments';

/** Size limit of the journals of all processes of a host. */
const JOURNALS_BYTES = 512 * 1024 * 1024;
/** Contents of journals are cached this long, in case more instrumentations are loaded. */
const CONTENTS_MS = 2000;

/** One journal file as it was when it had this size. */
interface Content {
  readonly parts: ReadonlyMap<string, readonly Part[]>;
  readonly damaged: number;
}

export interface Found {
  readonly parts: readonly Part[];
  /** Damaged bytes of all journals: it is unknown whose seconds they were. */
  readonly damaged: number;
}

export class Journal {
  /** Found while reading; each place counts once per reading of its file. */
  readonly counts = { damagedBytes: 0, foreignRecords: 0 };
  /** Bytes written since the last cut. */
  bytes = 0;
  private readonly files: Segments;
  /** Many instrumentations are loaded in a row: a file is read once for all. By name and size. */
  private readonly contents = new Map<string, Promise<Content>>();
  private usedMs = 0;

  constructor(folder: string, writer: string) {
    this.files = new Segments(folder, writer, JOURNALS_BYTES);
  }

  async append(records: readonly Buffer[], nowMs: number, retention: number): Promise<number> {
    const givenUp = await this.files.append(records, nowMs, retention);
    this.bytes += records.reduce((sum, { length }) => sum + length, 0);
    return givenUp;
  }

  async find(id: string, nowMs: number): Promise<Found> {
    this.usedMs = nowMs;
    const parts: Part[] = [];
    let damaged = 0;
    for (const { name, size } of await this.files.files()) {
      const key = `${name} ${size}`;
      const content = this.contents.get(key) ?? this.read(name);
      this.contents.set(key, content);
      const found = await content;
      parts.push(...(found.parts.get(id) ?? []));
      damaged += found.damaged;
    }
    return { parts, damaged };
  }

  /** Drops cached contents after loading has ended. */
  tick(nowMs: number): void {
    if (nowMs - this.usedMs > CONTENTS_MS) this.contents.clear();
  }

  cut(): Promise<readonly string[]> {
    this.bytes = 0;
    return this.files.cut();
  }

  drop(names: readonly string[]): Promise<void> {
    return this.files.drop(names);
  }

  expire(nowMs: number): Promise<number> {
    return this.files.expire(nowMs);
  }

  end(): Promise<void> {
    return this.files.end();
  }

  private async read(name: string): Promise<Content> {
    const { records, damaged } = await this.files.readOne(name);
    const parts = new Map<string, Part[]>();
    for (const record of records) {
      const found = partsOf(record);
      if (found === undefined) this.counts.foreignRecords++;
      for (const part of found ?? []) {
        const known = parts.get(part.id) ?? [];
        parts.set(part.id, known);
        known.push(part);
      }
    }
    this.counts.damagedBytes += damaged;
    return { parts, damaged };
  }
}
