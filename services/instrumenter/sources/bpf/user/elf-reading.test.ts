import { FILE_BYTES, readElf } from './elf-reading';

/** A file of zeros that counts the bytes read. */
function zeros(bytes: number): {
  readonly bytes: number;
  asked: number;
  read: Parameters<typeof readElf>[0]['read'];
} {
  const made = {
    bytes,
    asked: 0,
    read: ({ length }: Buffer) => {
      made.asked += length;
      return Promise.resolve(length);
    },
  };
  return made;
}

test('each piece is read once, however often it is asked for', async () => {
  const file = zeros(1000);
  const found = await readElf(
    file,
    (read) => [read(0, 64), read(500, 10), read(0, 64), read(990, 64)].map((piece) => piece.length),
    () => false,
  );
  expect(found).toEqual([64, 10, 64, 10]);
  expect(file.asked).toBe(84);
});

test('no more is read of one file than the limit, and nothing once nobody waits', async () => {
  const half = FILE_BYTES / 2;
  const file = zeros(8e12);
  const all = (read: (offset: number, length: number) => Buffer): number =>
    [0, 1, 2].reduce((sum, i) => sum + read(i * half, half).length, 0);
  await expect(readElf(file, all, () => false)).rejects.toThrow('its tables are larger than 64 MB');
  expect(file.asked).toBe(FILE_BYTES);
  const late = zeros(8e12);
  await expect(readElf(late, all, () => true)).rejects.toThrow('too long');
  expect(late.asked).toBe(0);
});
