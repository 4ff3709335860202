/*
 * Reads that may never end: of a file that some program serves, of a process that is stuck in the kernel.
 * In: such work, one read at a time. Out: what it yields, or a LateError when it has not ended within its time.
 *
 * A read that has begun cannot be called off; it holds one of the few threads that the process has for such work. So
 * only some may be under way at a time, whoever asks: when all of these hang, others are refused at once, and the rest
 * of the threads stays free for what must never wait.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { LIMITS } from '../../../common/service/limits';

export class LateError extends Error {}

/** True when nobody waits any more: the work should take no further step. */
export type IsLate = () => boolean;

/** Work that holds a slot. */
interface Held {
  readonly name: string;
}

export class Patience {
  private readonly slots: number;
  private busy = 0;
  private readonly late = new Set<Held>();
  private readonly waiting: (() => void)[] = [];

  constructor(slots: number = LIMITS.readsAtATime) {
    this.slots = slots;
  }

  /** Slots that are held although nobody waits any more. */
  get stuck(): number {
    return this.late.size;
  }

  /**
   * `name` for people; the same is not tried again while it hangs. `tooLate` is given what comes after all.
   * Rejects with a LateError, or as the work does.
   */
  wait<T>(
    name: string,
    milliseconds: number,
    work: (isLate: IsLate) => Promise<T>,
    tooLate?: (result: T) => void,
  ): Promise<T> {
    const isHopeless = this.late.size >= this.slots || [...this.late].some((held) => held.name === name);
    if (isHopeless) return Promise.reject(lateError(name));
    return new Promise((resolve, reject) => {
      const held: Held = { name };
      let hasBegun = false;
      let isOver = false;
      const timer = setTimeout(() => {
        isOver = true;
        if (hasBegun) this.late.add(held);
        reject(lateError(name));
      }, milliseconds);
      const begin = (): void => {
        if (isOver) {
          this.next();
          return;
        }
        hasBegun = true;
        this.busy++;
        const ended = (): void => {
          clearTimeout(timer);
          this.busy--;
          this.late.delete(held);
          this.next();
        };
        work(() => isOver).then(
          (result) => {
            ended();
            if (isOver) tooLate?.(result);
            else resolve(result);
          },
          (error: unknown) => {
            ended();
            reject(error instanceof Error ? error : new Error(String(error)));
          },
        );
      };
      if (this.busy < this.slots) begin();
      else this.waiting.push(begin);
    });
  }

  private next(): void {
    if (this.busy < this.slots) this.waiting.shift()?.();
  }
}

/** Bytes that are read at a time. */
const PIECE = 64 * 1024;

/** Reads nothing but what is there at once: not even a pipe that has come in its place is waited for. */
export const WITHOUT_WAITING = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** The beginning of a file of /proc. Rejects with a LateError where its process holds it up. */
export function readStart(patience: Patience, path: string, bytesMax: number): Promise<Buffer> {
  return patience.wait(path, LIMITS.procFileMs, async (isLate) => {
    const file = await open(path, WITHOUT_WAITING);
    try {
      const pieces: Buffer[] = [];
      for (let length = 0; length < bytesMax && !isLate();) {
        const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(PIECE, bytesMax - length)));
        if (bytesRead === 0) break;
        pieces.push(buffer.subarray(0, bytesRead));
        length += bytesRead;
      }
      return Buffer.concat(pieces);
    } finally {
      await file.close();
    }
  });
}

const lateError = (name: string): LateError => new LateError(`${name} does not answer in time`);

/** The threads are the process's, so there is one of these in it. */
export const PATIENCE = new Patience();
