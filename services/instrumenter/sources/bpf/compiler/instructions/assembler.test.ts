import { Assembler, encode, FRAME } from './assembler';
import { Frame } from './frame';
import { listing } from './listing';

const hex = (emit: (asm: Assembler) => void, fd = 0): string[] => {
  const asm = new Assembler(100);
  emit(asm);
  return (
    encode(asm.instructions, () => fd)
      .toString('hex')
      .match(/.{16}/g) ?? []
  );
};

test('instructions are encoded as the kernel’s documentation has them', () => {
  expect(hex((a) => a.alu('=', 6, 0x12345678))).toEqual(['b706000078563412']);
  expect(hex((a) => a.aluRegister('+', 2, FRAME))).toEqual(['0fa2000000000000']);
  expect(hex((a) => a.load(8, 0, 6, 8))).toEqual(['7960080000000000']);
  expect(hex((a) => a.store(4, FRAME, -4, 0))).toEqual(['630afcff00000000']);
  expect(hex((a) => a.storeNumber(8, FRAME, -16, -1))).toEqual(['7a0af0ffffffffff']);
  expect(hex((a) => a.atomicAdd(0, 0, 1))).toEqual(['db10000000000000']);
  expect(hex((a) => a.call('now'))).toEqual(['8500000005000000']);
  expect(hex((a) => a.exit())).toEqual(['b700000000000000', '9500000000000000']);
});

test('a number takes two places only when it does not fit into one', () => {
  expect(hex((a) => a.number(1, 0x7fff_ffffn))).toEqual(['b7010000ffffff7f']);
  expect(hex((a) => a.number(1, 0x8000_0000n))).toEqual(['1801000000000080', '0000000000000000']);
  expect(hex((a) => a.number(1, -1n))).toEqual(['18010000ffffffff', '00000000ffffffff']);
});

test('maps are referred to by their descriptor, values of arrays by descriptor and offset', () => {
  expect(hex((a) => a.map(1, 'm'), 7)).toEqual(['1811000007000000', '0000000000000000']);
  expect(hex((a) => a.mapValue(1, 'm', 8), 7)).toEqual(['1821000007000000', '0000000008000000']);
});

test('jumps count places, not instructions, and go both ways', () => {
  const code = hex((a) => {
    const back = a.label();
    const on = a.label();
    a.place(back);
    a.jump('==', 0, 5, on);
    a.number(1, 1n << 40n);
    a.goto(back);
    a.place(on);
    a.exit();
  });
  expect(code[0]).toBe('1500030005000000');
  expect(code[3]).toBe('0500fcff00000000');
});

test('a label that was never placed is an error', () => {
  const asm = new Assembler(10);
  asm.goto(asm.label());
  expect(() => encode(asm.instructions, () => 0)).toThrow('never placed');
});

test('a program that grows over the limit is refused', () => {
  const asm = new Assembler(3);
  asm.number(1, 1n << 40n);
  asm.alu('=', 0, 0);
  expect(() => asm.call('now')).toThrow('more than 3 instructions');
});

test('the frame gives memory in eights, takes it back, and has an end', () => {
  const frame = new Frame();
  expect(frame.allocate(3)).toBe(-8);
  frame.within(() => expect(frame.allocate(16)).toBe(-24));
  expect(frame.allocate(8)).toBe(-16);
  expect(() => frame.allocate(512)).toThrow(RangeError);
});

test('a listing shows each instruction, and the source where it changes', () => {
  const asm = new Assembler(100);
  asm.source('latency', () => {
    asm.call('now');
    asm.number(1, 1n << 40n);
    asm.aluRegister('-', 0, 1);
  });
  asm.source('count', () => asm.map(1, 'counts0'));
  asm.exit();
  expect(listing(asm.instructions)).toEqual([
    '   0  call now                              ; latency',
    '   1  r1 = 0x10000000000',
    '   3  r0 -= r1',
    '   4  r1 = map counts0                      ; count',
    '   6  r0 = 0                                ; ',
    '   7  exit',
  ]);
});
