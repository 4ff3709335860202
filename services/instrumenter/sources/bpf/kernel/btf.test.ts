import { Btf } from './btf';
import { MissingError } from './kernel-types';
import { AT, BtfWriter, toyBtf } from '../testing/toy-kernel';

test('a walk follows pointers by name and adds up the offsets of embedded structs', () => {
  const types = toyBtf();
  expect(types.walk('task_struct', 'real_parent.real_parent.tgid')).toEqual({
    through: [
      { offset: AT.task.realParent, name: 'real_parent' },
      { offset: AT.task.realParent, name: 'real_parent' },
    ],
    offset: AT.task.tgid,
    name: 'tgid',
    leaf: { kind: 'integer', bytes: 4, signed: true },
  });
  expect(types.walk('request', 'q.disk.disk_name').leaf).toEqual({ kind: 'chars', bytes: 32 });
});

test('members of members without a name are found, also in unions', () => {
  const w = new BtfWriter();
  const u32 = w.integer('u32', 4, false);
  const union = w.struct('', [{ name: 'inner', type: u32, bits: 32 }], 'union');
  const holder = w.struct('', [{ name: '', type: union, bits: 64 }]);
  const embedded = w.struct('part', [{ name: 'last', type: u32, bits: 16 }]);
  w.struct('outer', [
    { name: '', type: holder, bits: 128 },
    { name: 'named', type: w.typedef('part_t', embedded), bits: 512 },
  ]);
  const types = new Btf(() => w.blob(), '6.0');
  expect(types.walk('outer', 'inner').offset).toBe(16 + 8 + 4);
  expect(types.walk('outer', 'named.last')).toMatchObject({ offset: 66, name: 'named.last', through: [] });
});

test('what a kernel does not have is an error that names struct, member and release', () => {
  const types = toyBtf();
  const message = (struct: string, path: string): string => {
    try {
      types.walk(struct, path);
      return 'no error';
    } catch (error) {
      expect(error).toBeInstanceOf(MissingError);
      return (error as Error).message;
    }
  };
  expect(message('task_struct', 'real_parent.nope')).toBe(
    'Linux 6.0.0-toy has no task_struct.nope (asked for task_struct.real_parent.nope)',
  );
  expect(message('nope', 'pid')).toBe('Linux 6.0.0-toy has no struct nope');
  expect(message('task_struct', 'pid.x')).toContain('has no');
  expect(() => types.argumentsOf('nope')).toThrow('Linux 6.0.0-toy has no tracepoint nope');
});

test('a bitfield is refused, its neighbours are read', () => {
  const w = new BtfWriter();
  const u32 = w.integer('u32', 4, false);
  w.struct('flags', [
    { name: 'one', type: u32, bits: 0, width: 1 },
    { name: 'whole', type: u32, bits: 32, width: 0 },
  ]);
  const types = new Btf(() => w.blob(), '6.0');
  expect(() => types.walk('flags', 'one')).toThrow('flags.one of Linux 6.0 is a bitfield');
  expect(types.walk('flags', 'whole').offset).toBe(4);
});

test('a tracepoint’s arguments leave out the one that is the kernel’s own', () => {
  expect(toyBtf().argumentsOf('block_rq_complete')).toEqual([
    { leaf: { kind: 'pointer', to: 'request' }, typedef: '' },
    { leaf: { kind: 'integer', bytes: 1, signed: false }, typedef: 'blk_status_t' },
    { leaf: { kind: 'integer', bytes: 4, signed: false }, typedef: '' },
  ]);
});

test('the blob is read once, let go of, and read again only for something new', () => {
  let reads = 0;
  const w = new BtfWriter();
  w.struct('s', [{ name: 'a', type: w.integer('u32', 4, false), bits: 0 }]);
  const types = new Btf(() => {
    reads++;
    return w.blob();
  }, '6.0');
  types.walk('s', 'a');
  expect(() => types.walk('s', 'b')).toThrow(MissingError);
  types.forget();
  types.walk('s', 'a');
  expect(() => types.walk('s', 'b')).toThrow(MissingError);
  expect(reads).toBe(1);
  expect(() => types.walk('s', 'c')).toThrow(MissingError);
  expect(reads).toBe(2);
});

test('something else than BTF, and a kind of type that is not known, are errors and not wrong offsets', () => {
  expect(() => new Btf(() => Buffer.from('hello, this is not BTF at all'), '6.0').walk('s', 'a')).toThrow(
    'BTF',
  );
  const w = new BtfWriter();
  w.add('strange', 25, 0, 0, []);
  expect(() => new Btf(() => w.blob(), '6.0').walk('s', 'a')).toThrow('kind 25');
});
