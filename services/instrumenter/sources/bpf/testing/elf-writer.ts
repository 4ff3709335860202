/*
 * Writes ELF files of a few sections, for tests of their readers. In: notes and symbols. Out: bytes.
 * Code is loaded from 0x1000 (file: 0x400), data from 0x4000 (file: 0x1400).
 */
export interface SectionOf {
  readonly notes: readonly Buffer[];
  /** Address of .stapsdt.base. */
  readonly base: number;
  readonly symbols: readonly { readonly name: string; readonly address: number }[];
}

interface NoteOf {
  readonly provider: string;
  readonly name: string;
  readonly address: number;
  readonly base: number;
  readonly semaphore: number;
  readonly args: string;
}

const FILE_BYTES = 0x2000;
const CODE = { offset: 0x400, address: 0x1000, bytes: 0x1000 } as const;
const DATA = { offset: 0x1400, address: 0x4000, bytes: 0x100 } as const;

const words = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(8 * values.length);
  values.forEach((value, i) => bytes.writeBigUInt64LE(BigInt(value), 8 * i));
  return bytes;
};
const halves = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => bytes.writeUInt32LE(value >>> 0, 4 * i));
  return bytes;
};
const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes], Math.ceil(bytes.length / 4) * 4);

export function aNote({ provider, name, address, base, semaphore, args }: NoteOf): Buffer {
  const body = Buffer.concat([
    words(address, base, semaphore),
    Buffer.from(`${provider}\0${name}\0${args}\0`, 'latin1'),
  ]);
  return Buffer.concat([halves(8, body.length, 3), Buffer.from('stapsdt\0'), padded(body)]);
}

export function anElf({ notes, base, symbols }: SectionOf): Buffer {
  const file = Buffer.alloc(FILE_BYTES);
  Buffer.from('7f454c46020101', 'hex').copy(file);
  file.writeUInt16LE(62, 18); // x86-64
  const segments = [CODE, DATA].map((s) =>
    Buffer.concat([halves(1, 5), words(s.offset, s.address, s.address, s.bytes, s.bytes, 0x1000)]),
  );
  words(64).copy(file, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(segments.length, 56);
  Buffer.concat(segments).copy(file, 64);

  const names = Buffer.from(`\0${symbols.map((s) => s.name).join('\0')}\0`, 'latin1');
  const table = symbols.map(({ name, address }) => {
    const row = Buffer.alloc(24);
    row.writeUInt32LE(names.indexOf(`\0${name}\0`) + 1, 0);
    row.writeUInt16LE(address === 0 ? 0 : 1, 6);
    row.writeBigUInt64LE(BigInt(address), 8);
    return row;
  });
  const sectionNames = Buffer.from('\0.note.stapsdt\0.stapsdt.base\0.symtab\0.strtab\0', 'latin1');
  const contents = [
    { name: '', type: 0, address: 0, bytes: Buffer.alloc(0), link: 0 },
    { name: '.note.stapsdt', type: 7, address: 0, bytes: Buffer.concat(notes), link: 0 },
    { name: '.stapsdt.base', type: 1, address: base, bytes: Buffer.alloc(1), link: 0 },
    { name: '.symtab', type: 2, address: 0, bytes: Buffer.concat(table), link: 4 },
    { name: '.strtab', type: 3, address: 0, bytes: Buffer.concat([names, sectionNames]), link: 0 },
  ];
  let at = 0x1600;
  const rows = contents.map(({ name, type, address, bytes, link }) => {
    const row = Buffer.concat([
      halves(name === '' ? 0 : names.length + sectionNames.indexOf(`\0${name}\0`) + 1, type),
      words(0, address, at, bytes.length),
      halves(link, 0),
      words(1, 0),
    ]);
    bytes.copy(file, at);
    at += Math.ceil(bytes.length / 8) * 8;
    return row;
  });
  words(0x1d00).copy(file, 40);
  file.writeUInt16LE(64, 58);
  file.writeUInt16LE(rows.length, 60);
  file.writeUInt16LE(4, 62);
  Buffer.concat(rows).copy(file, 0x1d00);
  return file;
}

/** Sections of such a file, in its table. */
export const SECTION = { notes: 1, symbols: 3, names: 4 } as const;

/** The same file with other contents of a section, of any length. */
export function withSection(elf: Buffer, section: number, contents: Buffer): Buffer {
  const bytes = Buffer.concat([elf, contents]);
  const row = Number(bytes.readBigUInt64LE(40)) + 64 * section;
  words(elf.length, contents.length).copy(bytes, row + 24);
  return bytes;
}
