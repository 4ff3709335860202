import fc from 'fast-check';
import { parseArguments } from './usdt';

const ofX64 = (text: string) => parseArguments(text, 'x64');
const ofArm64 = (text: string) => parseArguments(text, 'arm64');
const register = (word: number, shift = 0) => ({ kind: 'register', register: { word, shift } });
const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value);

test('arguments of x86-64: registers of all widths, memory, constants', () => {
  expect(ofX64('-4@%edi 8@8(%rbp) -8@$5 8@%rax')).toEqual([
    { bytes: 4, signed: true, operand: register(14) },
    {
      bytes: 8,
      signed: false,
      operand: { kind: 'memory', displacement: 8n, base: { word: 4, shift: 0 }, scale: 1 },
    },
    { bytes: 8, signed: true, operand: { kind: 'constant', value: 5n } },
    { bytes: 8, signed: false, operand: register(10) },
  ]);
  expect(ofX64('1@%dil 1@%ah 2@%r9w -1@%bl 4@%r15d 8@%rsp').map((a) => a?.operand)).toEqual([
    register(14),
    register(10, 8),
    register(8),
    register(5),
    register(0),
    register(19),
  ]);
  expect(
    ofX64('8@-144(%rbp) 4@-0x10(%rsp) 8@(%rdx,%rcx,8) 8@16(,%rsi,4) -4@$-5').map((a) => a?.operand),
  ).toEqual([
    { kind: 'memory', displacement: unsigned(-144n), base: { word: 4, shift: 0 }, scale: 1 },
    { kind: 'memory', displacement: unsigned(-16n), base: { word: 19, shift: 0 }, scale: 1 },
    {
      kind: 'memory',
      displacement: 0n,
      base: { word: 12, shift: 0 },
      index: { word: 11, shift: 0 },
      scale: 8,
    },
    { kind: 'memory', displacement: 16n, index: { word: 13, shift: 0 }, scale: 4 },
    { kind: 'constant', value: unsigned(-5n) },
  ]);
});

test('arguments of arm64: registers, memory with blanks inside, constants', () => {
  expect(ofArm64('8@x0 4@[sp, 12] -4@w19 8@[x1] 8@[x2, x3, lsl 3] -8@-7').map((a) => a?.operand)).toEqual([
    register(0),
    { kind: 'memory', displacement: 12n, base: { word: 31, shift: 0 }, scale: 1 },
    register(19),
    { kind: 'memory', displacement: 0n, base: { word: 1, shift: 0 }, scale: 1 },
    { kind: 'memory', displacement: 0n, base: { word: 2, shift: 0 }, index: { word: 3, shift: 0 }, scale: 8 },
    { kind: 'constant', value: unsigned(-7n) },
  ]);
});

test('an argument in words that are not known leaves the others in their places', () => {
  expect(ofX64('8@%xmm0 8@%rax 8f@%rdx 3@%rcx 8@counter(%rip) 4@%rbx').map((a) => a?.operand)).toEqual([
    undefined,
    register(10),
    undefined,
    undefined,
    undefined,
    register(5),
  ]);
  expect(ofArm64('8@x31 8@x1').map((a) => a?.operand)).toEqual([undefined, register(1)]);
  expect(ofX64('')).toEqual([]);
});

test('text of a megabyte that nearly is an argument takes no longer than its length', () => {
  for (const piece of ['1', '1@[', '1@[ ', '-1f@', '[', '8@8(%rbp']) {
    const text = piece.repeat(1_000_000 / piece.length);
    const from = process.cpuUsage(); // CPU time, not the clock: the machine may be busy
    for (let i = 0; i < 100; i++) expect(ofX64(text).length + ofArm64(text).length).toBeLessThanOrEqual(24);
    expect(process.cpuUsage(from).user / 1000).toBeLessThan(1000);
  }
});

test('any text yields arguments or nothing, in bounded number', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[-0-9@%$()[\], a-z]{0,200}$/), (text) => {
      for (const parsed of [ofX64(text), ofArm64(text)]) expect(parsed.length).toBeLessThanOrEqual(12);
    }),
    { seed: 20111108 },
  );
});
