/*
 * A long stretch of a dataset, read without keeping anybody waiting. In: a stretch, and what to do with each slot.
 * Out: the same as dataset.eachSlot, but every few milliseconds messages and other requests get their turn.
 *
 * An hour of 20 keys is 3 million counts, about 20 ms in one go. A value that arrives in between is in or not, as it
 * would be if the request had come a moment earlier or later.
 */
import { setImmediate } from 'node:timers/promises';
import { CaError } from '../../../common/service/errors';
import type { Dataset } from './dataset';
import type { Slot } from './slot';

export const SLICE_MS = 4;

export async function eachSlotInSlices(
  dataset: Dataset,
  start: number,
  end: number,
  visit: (slot: Slot) => void,
  gone?: AbortSignal,
): Promise<void> {
  let began = performance.now();
  const { from, to } = dataset.span;
  const last = Math.min(end, to);
  for (let time = Math.max(start, from); time < last; time += dataset.granularity) {
    const slot = dataset.slotAt(time);
    if (slot === undefined) continue;
    visit(slot);
    if (performance.now() - began < SLICE_MS) continue;
    await setImmediate();
    if (gone?.aborted === true) throw new CaError('NO_RESOURCE', 'the client went away');
    began = performance.now();
  }
}
