/*
 * Reads a long time range of a dataset without blocking the event loop. In: a time range, and a visitor of slots.
 * Out: the same as dataset.eachSlot, but it yields to messages and other requests every few milliseconds.
 *
 * An hour of 20 keys is 3 million counts, about 20 ms without a break. A value that arrives meanwhile may be included
 * or not, as if the request had come a moment earlier or later.
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
