/*
 * Closes descriptors that the kernel is slow to close: detaching from user programs waits for a grace period, with a lock held
 * that attaching needs too. In: descriptors. Out: when each is closed. One at a time, on one thread, so that an attach
 * waits for one of them at most.
 */
import { close } from 'node:fs';

let last: Promise<void> = Promise.resolve();

/** Never rejects: a descriptor that cannot be closed is gone already. */
export function closeLater(descriptor: number): Promise<void> {
  last = last.then(
    () =>
      new Promise((resolve) => {
        close(descriptor, () => resolve());
      }),
  );
  return last;
}
