import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskRoom } from './disk-room';

test('a folder that is not there yet has the room of the file system that it will be on', async () => {
  const disk = new DiskRoom(join(tmpdir(), 'not', 'there', 'yet'));
  expect(disk.room).toBeUndefined();
  await disk.look();
  const { blocks, bsize } = statfsSync(tmpdir());
  expect(disk.room?.sizeBytes).toBe(blocks * bsize);
  expect(disk.room?.availableBytes).toBeLessThanOrEqual(blocks * bsize);
});

test('a folder that cannot be asked has none, and nobody is told of an error', async () => {
  const disk = new DiskRoom('/etc/hostname/folder');
  await disk.look();
  expect(disk.room).toBeUndefined();
});

test('whoever looks while somebody does waits for the same answer', async () => {
  const disk = new DiskRoom(tmpdir());
  const first = disk.look();
  expect(disk.look()).toBe(first);
  await first;
  expect(disk.look()).not.toBe(first);
});
