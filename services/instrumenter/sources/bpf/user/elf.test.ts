import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { Elf, ElfError, type Reader } from './elf';
import { Spots } from '../compiler/site';
import { aNote, anElf, SECTION, withSection, type SectionOf } from '../testing/elf-writer';
import { finding, findingInTime } from './finding';
import { usdtProbes } from './usdt';
import { entry, returnOf, usdt, userMoment, type Programs } from '../../../metrics/user';

const readerOf =
  (bytes: Buffer): Reader =>
  (offset, length) =>
    bytes.subarray(offset, offset + length);
const elfOf = (bytes: Buffer): Elf => new Elf(readerOf(bytes));
const NAMED = { provider: 'shop', name: 'sold' };
const ANY: Programs = { title: 'program', file: /^x$/, installed: [] };

const SECTIONS: SectionOf = {
  notes: [
    aNote({
      provider: 'shop',
      name: 'sold',
      address: 0x1010,
      base: 0x3000,
      semaphore: 0x4008,
      args: '-4@%edi 8@8(%rbp)',
    }),
    aNote({ provider: 'shop', name: 'sold', address: 0x1020, base: 0x3000, semaphore: 0, args: '' }),
  ],
  base: 0x3000,
  symbols: [
    { name: 'sell', address: 0x1004 },
    { name: 'resell', address: 0x1008 },
    { name: 'elsewhere', address: 0 },
  ],
};

test('symbols, their places in the file and USDT probes of a file made byte by byte', () => {
  const elf = elfOf(anElf(SECTIONS));
  expect(elf.architecture).toBe('x64');
  expect(elf.symbol('sell')).toBe(0x1004);
  expect(elf.symbol('resell')).toBe(0x1008);
  expect(elf.symbol('ell')).toBeUndefined();
  expect(elf.symbol('elsewhere')).toBeUndefined();
  expect(elf.symbol('rese*')).toBe(0x1008);
  expect(elf.symbol('ell*')).toBeUndefined();
  expect(elf.offsetOf(0x1004)).toBe(0x404);
  expect(elf.offsetOf(0x4008)).toBe(0x1408);
  expect(elf.offsetOf(0x9000)).toBeUndefined();
  const [first, second, ...more] = usdtProbes(elf, NAMED);
  expect(more).toEqual([]);
  expect(first).toMatchObject({ provider: 'shop', name: 'sold', address: 0x1010, semaphore: 0x4008 });
  expect(first?.arguments.map((argument) => argument?.bytes)).toEqual([4, 8]);
  expect(second).toMatchObject({ address: 0x1020, semaphore: 0, arguments: [] });
});

test('the beginning of a name finds the function, not the part of it that a compiler put elsewhere', () => {
  const symbols = [
    { name: '_Z4sellP4Shop.cold', address: 0x1004 },
    { name: '_Z4sellP4Shopi', address: 0x1008 },
  ];
  const elf = elfOf(anElf({ ...SECTIONS, symbols }));
  expect(elf.symbol('_Z4sellP4Shop*')).toBe(0x1008);
});

test('a file that was moved after its notes were written: addresses move with the section', () => {
  const [probe] = usdtProbes(elfOf(anElf({ ...SECTIONS, base: 0x3010 })), NAMED);
  expect([probe?.address, probe?.semaphore]).toEqual([0x1020, 0x4018]);
});

test('the first alternative that a file has gives its places, all of them; what it lacks is said', () => {
  const spots = new Spots(elfOf(anElf(SECTIONS)), '/bin/shop');
  const sites = spots.sitesOf(userMoment(ANY, usdt('shop', 'sold'), entry('sell')));
  expect(sites.map(({ offset, semaphore, isReturn }) => [offset, semaphore, isReturn])).toEqual([
    [0x410, 0x1408, false],
    [0x420, 0, false],
  ]);
  const [end] = spots.sitesOf(userMoment(ANY, usdt('shop', 'stolen'), returnOf('sell')));
  expect([end?.offset, end?.isReturn, end?.addressOf('resell')]).toEqual([0x404, true, 0x1008]);
  expect(() => spots.sitesOf(userMoment(ANY, usdt('shop', 'stolen'), entry('steal')))).toThrow(
    '/bin/shop has no usdt:shop:stolen and no uprobe:steal',
  );
});

test('what is no ELF file of 64 bits for a known processor is refused', () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from('#!/bin/sh'), Buffer.alloc(64)]) {
    expect(() => elfOf(bytes)).toThrow(ElfError);
  }
  const other = anElf(SECTIONS);
  other.writeUInt16LE(8, 18); // MIPS
  expect(() => elfOf(other)).toThrow('another kind of processor');
});

/** All that is asked of a file. */
function askAll(bytes: Buffer): void {
  const elf = elfOf(bytes);
  for (const name of ['sell', 'elsewhere', '']) elf.symbol(name);
  for (const probe of usdtProbes(elf, NAMED)) {
    elf.offsetOf(probe.address);
    elf.offsetOf(probe.semaphore);
  }
}

test('hostile files: whatever bytes are wrong, the answer is an answer or an ElfError', () => {
  const good = anElf(SECTIONS);
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.nat({ max: good.length - 1 }), fc.constantFrom(0, 1, 3, 0x40, 0x7f, 0x80, 0xfe, 0xff)),
        { minLength: 1, maxLength: 12 },
      ),
      fc.nat({ max: good.length }),
      (changes, length) => {
        const bytes = Buffer.from(good);
        for (const [at, byte] of changes) bytes[at] = byte;
        for (const one of [bytes, bytes.subarray(0, length)]) {
          try {
            askAll(one);
          } catch (error) {
            expect(error).toBeInstanceOf(ElfError);
          }
        }
      },
    ),
    { seed: 20111108, numRuns: 400 },
  );
});

test('a file of a million symbols that all look alike is searched no longer than the limit', () => {
  // Each name has no end, and each symbol compares equal up to its last byte.
  const rows = 100_000;
  const symbols = Buffer.alloc(24 * rows);
  for (let i = 0; i < rows; i++) {
    symbols.writeUInt32LE(i, 24 * i);
    symbols[24 * i + 4] = 2;
    symbols.writeUInt16LE(1, 24 * i + 6);
  }
  const evil = anElf({ notes: [], base: 0, symbols: [{ name: 'sell', address: 0x1004 }] });
  const names = Buffer.alloc(16 * 1024 * 1024, 'a');
  Buffer.from('sell\0').copy(names, names.length - 5);
  const bytes = withSection(withSection(evil, SECTION.symbols, symbols), SECTION.names, names);
  const from = performance.now();
  let functions = 0;
  elfOf(bytes).eachFunction(() => functions++);
  expect(functions).toBe(rows);
  const kinds = Array.from({ length: 40 }, () => userMoment(ANY, entry('sell'), usdt('shop', 'sold')));
  const find = findingInTime({ programs: ANY, moments: kinds, globals: [] }, '/x', 'x64', () => undefined);
  expect(() => {
    for (let i = 0; i < 20; i++) find(readerOf(bytes));
  }).toThrow('it takes too long to search');
  // A file that only root may write to is searched to the end, however slow the machine is.
  expect(finding({ programs: ANY, moments: kinds, globals: [] }, '/x', 'x64')(readerOf(bytes)).size).toBe(1);
  expect(performance.now() - from).toBeLessThan(15_000); // with a search to the end of the names: minutes
});

test('the program that runs this is read like any other', () => {
  if (process.platform !== 'linux') return;
  // Some systems' node is a small program in front of a library, libnode.
  const mapped = readFileSync('/proc/self/maps', 'utf8').matchAll(/ (\/\S.*\/libnode\.so\S*)$/gm);
  const files = new Set(['/proc/self/exe', ...[...mapped].map(([, file = '']) => file)]);
  const found = [...files].flatMap((file) => {
    const bytes = readFileSync(file);
    const elf = elfOf(bytes);
    expect(elf.architecture).toBe(process.arch);
    const main = elf.symbol('napi_create_function');
    return main === undefined ? [] : [{ main, offset: elf.offsetOf(main), size: bytes.length }];
  });
  expect(found).toHaveLength(1);
  for (const { main, offset, size } of found) {
    expect(main).toBeGreaterThan(0);
    expect(offset).toBeLessThan(size);
  }
});
