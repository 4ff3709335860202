/*
 * Where pictures are finished: small ones here and now, large ones in a thread of their own, so that no picture keeps
 * messages or other requests waiting for more than a few milliseconds. In: a sketch. Out: PNG bytes.
 */
import { Worker } from 'node:worker_threads';
import { CaError } from '../../../common/errors';
import { LIMITS } from '../../../common/limits';
import { costOf, finish, type Sketch } from './finish';
import type { Done, Job } from './worker';

/** Handing a sketch over and back costs 0.3 ms and waits behind others: below this it is not worth it. */
const INLINE_MS = 5;

export interface Renderer {
  /** Rejects with NO_RESOURCE when too many large pictures are waiting already. */
  render(sketch: Sketch): Promise<Buffer>;
  close(): Promise<void>;
}

/** Everything in this thread: for tests and measurements. */
export const INLINE: Renderer = {
  render: (sketch) => Promise.resolve(finish(sketch)),
  close: () => Promise.resolve(),
};

interface Pending {
  readonly resolve: (png: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/** `workerFile`: worker.js. The thread is started by the first large picture, and again after it has died. */
export function createRenderer(workerFile: string): Renderer {
  const pending = new Map<number, Pending>();
  let worker: Worker | undefined;
  let lastId = 0;

  const begin = (): Worker => {
    const fresh = new Worker(workerFile);
    fresh.unref();
    fresh.on('message', ({ id, png, error }: Done) => {
      const job = pending.get(id);
      pending.delete(id);
      if (png !== undefined) job?.resolve(Buffer.from(png.buffer, png.byteOffset, png.byteLength));
      else job?.reject(new Error(error));
    });
    const failed = (error: Error): void => {
      if (worker === fresh) worker = undefined;
      for (const [id, job] of pending) {
        pending.delete(id);
        job.reject(error);
      }
    };
    fresh.on('error', failed);
    fresh.on('exit', () => {
      failed(new Error('the rendering thread ended'));
    });
    return fresh;
  };

  return {
    async render(sketch) {
      if (costOf(sketch) < INLINE_MS) return finish(sketch);
      if (pending.size >= LIMITS.picturesWaiting) {
        throw new CaError('NO_RESOURCE', `${pending.size} large pictures are waiting to be drawn`, {
          retryAfter: 1,
        });
      }
      worker ??= begin();
      const job: Job = { id: ++lastId, sketch };
      const drawn = new Promise<Buffer>((resolve, reject) => pending.set(job.id, { resolve, reject }));
      // Counts move to the other thread without being copied.
      worker.postMessage(
        job,
        sketch.layers.map((layer) => layer.buffer as ArrayBuffer),
      );
      return drawn;
    },
    async close() {
      await worker?.terminate();
    },
  };
}
