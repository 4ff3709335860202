/*
 * All BPF programs in the kernel, whoever loaded them. In: the kernel. Out: their ids. For tests that check that none is left.
 */
import type { Kernel } from './kernel';

export function programs(kernel: Kernel): Set<number> {
  const ids = new Set<number>();
  // In: an id. Out, four bytes further: the next greater one.
  const attributes = Buffer.alloc(12);
  while (kernel.bpf('programNextId', attributes) >= 0) {
    const id = attributes.readUInt32LE(4);
    ids.add(id);
    attributes.writeUInt32LE(id, 0);
  }
  return ids;
}
