import { FunctionTable, placeOf } from './function-table';
import { Functions, GONE, KERNEL, kernelTable } from './functions';
import { mappingsIn } from '../user/mapped';

const KALLSYMS = Buffer.from(
  'ffffffff81000000 T _stext\nffffffff81000040 t do_one\nffffffff81000080 D data\nffffffffc0001000 t ext4_read\t[ext4]\n',
);

test('an address is in the function that begins last before it', () => {
  const table = kernelTable(KALLSYMS);
  expect(table?.nameOf(placeOf(0xffffffff81000000n))).toBe('_stext');
  expect(table?.nameOf(placeOf(0xffffffff8100007fn))).toBe('do_one');
  expect(table?.nameOf(placeOf(0xffffffff81000090n))).toBe('do_one');
  expect(table?.nameOf(placeOf(0xffffffffc0001001n))).toBe('ext4_read');
  expect(table?.nameOf(placeOf(0xffffffff80ffffffn))).toBeUndefined();
});

test('where the kernel hides its addresses there is no table', () => {
  expect(kernelTable(Buffer.from('0000000000000000 T _stext\n0000000000000000 t do_one\n'))).toBeUndefined();
  expect(kernelTable(Buffer.alloc(0))).toBeUndefined();
});

test('a function that says how long it is ends there, and its name is shown as any other', () => {
  const table = new FunctionTable((add) => {
    add(200, 10, Buffer.from('b'));
    add(100, 10, Buffer.from([0x61, 0xff]));
    add(300, 5, Buffer.from('x'.repeat(5000)));
  });
  expect([100, 109, 110, 205].map((place) => table.nameOf(place))).toEqual([
    'a\\xff',
    'a\\xff',
    undefined,
    'b',
  ]);
  expect(table.nameOf(301)).toHaveLength(200);
});

test('of the parts of a process those that can be run are looked at', () => {
  const [first, second, ...rest] = mappingsIn(
    '7f00-7f10 r-xp 00001000 08:01 42     /usr/lib/a b.so (deleted)\n7f10-7f20 rw-p 00000000 00:00 0 \n7ffe-7fff r-xp 00000000 00:00 0    [vdso]\n',
  );
  expect(first).toEqual({
    from: 0x7f00n,
    to: 0x7f10n,
    offset: 0x1000n,
    range: '7f00-7f10',
    device: '8:1',
    inode: 42n,
    path: '/usr/lib/a b.so',
  });
  expect(second?.path).toBe('[vdso]');
  expect(rest).toEqual([]);
});

test('what is not known is said to be so', () => {
  const functions = new Functions();
  expect(functions.nameOf(0n, 0xffffffff81000000n)).toBe(KERNEL);
  expect(functions.nameOf(4_194_304n, 0x1000n)).toBe(GONE);
  expect(() => functions.valuesOf()).toThrow('not filtered by');
});
