/*
 * The contents of an executable or library: its symbols, and its notes of USDT probes.
 * In: a way to read pieces of an untrusted file. Out: addresses, and offsets in the file.
 *
 * Only 64 bits, little-endian. Nothing is trusted: each table has a limit, and everything that exceeds the file is
 * ignored. Throws an ElfError for other files. After elf(5).
 */
import type { Architecture } from '../compiler/architecture';
import { FUNCTION_NAME_BYTES } from '../../limits';

/** A file's table of symbols, or of their names. */
const SYMBOL_TABLE_BYTES = 16 * 1024 * 1024;
/** Rows of any other table. */
const TABLE_ROWS = 4096;
const TABLE_BYTES = 32 * 1024 * 1024;
const NOTES_BYTES = 1024 * 1024;

export class ElfError extends Error {}

/** At most `length` bytes from `offset`; fewer at the end of the file. */
export type Reader = (offset: number, length: number) => Buffer;

const MACHINES: Readonly<Record<number, Architecture>> = { 62: 'x64', 183: 'arm64' };
const HEADER_BYTES = 64;
const SEGMENT_BYTES = 56;
const SECTION_BYTES = 64;
const SYMBOL_BYTES = 24;
const SECTION_NAME_BYTES = 64;
const LOADED = 1;
/** Kind of a symbol. */
const FUNCTION = 2;
const TYPE = { symbols: 2, noBits: 8, dynamicSymbols: 11 } as const;

interface Segment {
  readonly offset: number;
  readonly address: number;
  readonly bytes: number;
}
interface Section {
  readonly name: string;
  readonly type: number;
  readonly address: number;
  readonly offset: number;
  readonly bytes: number;
  readonly link: number;
}

export class Elf {
  readonly architecture: Architecture;
  private readonly read: Reader;
  private readonly check: () => void;
  private readonly segments: readonly Segment[];
  private readonly sections: readonly Section[];

  /** `check` is called before each search; if it throws, the whole search ends. */
  constructor(read: Reader, check: () => void = () => undefined) {
    this.read = read;
    this.check = check;
    const header = read(0, HEADER_BYTES);
    if (header.length < HEADER_BYTES || header.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') {
      throw new ElfError('it is no ELF file of 64 bits');
    }
    const architecture = MACHINES[header.readUInt16LE(18)];
    if (architecture === undefined) throw new ElfError('it is for another kind of processor');
    this.architecture = architecture;
    this.segments = this.table(
      word(header, 32),
      header.readUInt16LE(54),
      header.readUInt16LE(56),
      SEGMENT_BYTES,
    )
      .filter((row) => row.readUInt32LE(0) === LOADED)
      .map((row) => ({ offset: word(row, 8), address: word(row, 16), bytes: word(row, 32) }));
    this.sections = this.readSections(header);
  }

  /** The offset in the file of an address; undefined when nothing of the file is loaded there. */
  offsetOf(address: number): number | undefined {
    const segment = this.segments.find((s) => address >= s.address && address - s.address < s.bytes);
    return segment === undefined ? undefined : address - segment.address + segment.offset;
  }

  /** Contents of a section; empty when there is none, or when it is larger than the limit. */
  section(name: string): Buffer {
    this.check();
    const section = this.sections.find((s) => s.name === name && s.type !== TYPE.noBits);
    return section === undefined ? Buffer.alloc(0) : this.contents(section, NOTES_BYTES);
  }

  addressOfSection(name: string): number | undefined {
    return this.sections.find((s) => s.name === name)?.address;
  }

  /**
   * Address of the symbol of this name, exported or (if the file is not stripped) local. `name*`: the first that begins so,
   * since names of C++ functions have the types of their arguments behind them, which differ between versions.
   */
  symbol(name: string): number | undefined {
    const wanted = Buffer.from(name.endsWith('*') ? name.slice(0, -1) : `${name}\0`, 'latin1');
    for (const type of [TYPE.dynamicSymbols, TYPE.symbols]) {
      // Files have one of each.
      const section = this.sections.find((s) => s.type === type);
      if (section === undefined) continue;
      const address = this.symbolIn(section, wanted);
      if (address !== undefined) return address;
    }
    return undefined;
  }

  /** The address of an offset in the file; undefined when it is not loaded. */
  addressOf(offset: number): number | undefined {
    const segment = this.segments.find((s) => offset >= s.offset && offset - s.offset < s.bytes);
    return segment === undefined ? undefined : offset - segment.offset + segment.address;
  }

  /** Calls back for each function that the file defines, in any order, some twice. The bytes of a name are without NUL. */
  eachFunction(visit: (address: number, bytes: number, name: Buffer) => void): void {
    // Everything is read before the first call: a reader that gets one piece at a time starts again with each.
    const tables = this.sections.flatMap((section) => {
      const strings = this.sections[section.link];
      if (section.type !== TYPE.dynamicSymbols && section.type !== TYPE.symbols) return [];
      if (strings === undefined) return [];
      const names = this.contents(strings, SYMBOL_TABLE_BYTES);
      return [{ names, symbols: this.contents(section, SYMBOL_TABLE_BYTES) }];
    });
    for (const { names, symbols } of tables) {
      for (let at = 0; at + SYMBOL_BYTES <= symbols.length; at += SYMBOL_BYTES) {
        const isFunction = ((symbols[at + 4] ?? 0) & 0xf) === FUNCTION && symbols.readUInt16LE(at + 6) !== 0;
        if (!isFunction) continue;
        const nameAt = symbols.readUInt32LE(at);
        const name = textAt(names, nameAt, FUNCTION_NAME_BYTES);
        if (name.length > 0) visit(word(symbols, at + 8), word(symbols, at + 16), name);
      }
    }
  }

  private symbolIn(section: Section, name: Buffer): number | undefined {
    const strings = this.sections[section.link];
    if (strings === undefined) return undefined;
    this.check();
    const names = this.contents(strings, TABLE_BYTES);
    // A file with many symbols that does not contain the name at all is recognised quickly.
    if (!names.includes(name)) return undefined;
    const symbols = this.contents(section, TABLE_BYTES);
    for (let at = 0; at + SYMBOL_BYTES <= symbols.length; at += SYMBOL_BYTES) {
      const nameAt = symbols.readUInt32LE(at);
      if (nameAt + name.length > names.length || names[nameAt] !== name[0]) continue;
      if (name.compare(names, nameAt, nameAt + name.length) !== 0) continue;
      const isDefined = symbols.readUInt16LE(at + 6) !== 0;
      const address = word(symbols, at + 8);
      // A compiler moves the unlikely part of a function to name.cold.
      const isPart = textAt(names, nameAt, FUNCTION_NAME_BYTES).includes('.');
      if (isDefined && address !== 0 && (name.at(-1) === 0 || !isPart)) return address;
    }
    return undefined;
  }

  private readSections(header: Buffer): Section[] {
    const rows = this.table(
      word(header, 40),
      header.readUInt16LE(58),
      header.readUInt16LE(60),
      SECTION_BYTES,
    );
    const raw = rows.map((row) => ({
      nameAt: row.readUInt32LE(0),
      type: row.readUInt32LE(4),
      address: word(row, 16),
      offset: word(row, 24),
      bytes: word(row, 32),
      link: row.readUInt32LE(40),
    }));
    const strings = raw[header.readUInt16LE(62)];
    const names = strings === undefined ? Buffer.alloc(0) : this.contents(strings, NOTES_BYTES);
    return raw.map(({ nameAt, ...section }) => ({
      ...section,
      name: textAt(names, nameAt, SECTION_NAME_BYTES).toString('latin1'),
    }));
  }

  private table(offset: number, rowBytes: number, rows: number, known: number): Buffer[] {
    if (rowBytes < known || rowBytes > 2 * known || rows > TABLE_ROWS) return [];
    const bytes = this.read(offset, rowBytes * rows);
    const whole = Math.floor(bytes.length / rowBytes);
    return Array.from({ length: whole }, (_, i) => bytes.subarray(i * rowBytes, (i + 1) * rowBytes));
  }

  private contents(section: Pick<Section, 'offset' | 'bytes'>, limit: number): Buffer {
    return section.bytes > limit ? Buffer.alloc(0) : this.read(section.offset, section.bytes);
  }
}

/** 64 bits; an offset beyond any file's length becomes a number that is outside of it. */
function word(bytes: Buffer, at: number): number {
  const value = bytes.readBigUInt64LE(at);
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);
}

/** Up to its end, or the limit: the rest of a table may have no end, and as many names as it has bytes. */
function textAt(bytes: Buffer, at: number, limit: number): Buffer {
  const text = bytes.subarray(at, at + limit);
  const end = text.indexOf(0);
  return end === -1 ? text : text.subarray(0, end);
}
