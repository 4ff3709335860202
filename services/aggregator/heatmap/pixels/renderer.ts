/*
 * Finishes pictures: small ones at once, large ones in a second thread, so that no picture blocks
 * messages or other requests for more than a few milliseconds. One at a time, in order; those whose client has
 * gone away are skipped. In: a sketch. Out: PNG bytes.
 */
import { Worker } from 'node:worker_threads';
import { CaError } from '../../../../common/service/errors';
import type { Layer } from '../bucketize';
import { costOf, finish, type Finished, type Sketch } from './finish';
import type { Done } from './worker';

/** Large pictures that wait for the rendering thread … */
export const WAITING = 32;
/** … and their counts, up to 16 MB each. */
export const WAITING_BYTES = 64 * 1024 * 1024;

/** Handing a sketch over and back costs 0.3 ms and waits behind others: below this it is not worth it. */
const INLINE_MS = 5;

export interface Renderer {
  /** Rejects with NO_RESOURCE when too many large pictures are waiting, or when this one's client has gone away. */
  render(sketch: Sketch, gone?: AbortSignal): Promise<Finished>;
  /** Large pictures that have been drawn. */
  readonly drawn: number;
  close(): Promise<void>;
}

/** Renders everything in this thread: for tests and measurements. */
export const INLINE: Renderer = {
  render: (sketch) => Promise.resolve(finish(sketch)),
  drawn: 0,
  close: () => Promise.resolve(),
};

interface Pending {
  readonly sketch: Sketch;
  readonly gone: AbortSignal | undefined;
  readonly resolve: (finished: Finished) => void;
  readonly reject: (error: Error) => void;
}

/** `workerFile`: worker.js. The thread is started by the first large picture, and again after it has died. */
export function createRenderer(workerFile: string): Renderer {
  const waiting: Pending[] = [];
  let current: Pending | undefined;
  let worker: Worker | undefined;
  let drawn = 0;

  const next = (): void => {
    if (current !== undefined) return;
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      if (job.gone?.aborted === true) {
        job.reject(new CaError('NO_RESOURCE', 'the client went away'));
        continue;
      }
      current = job;
      worker ??= begin();
      // Counts move to the other thread without being copied.
      worker.postMessage(
        job.sketch,
        layersOf(job.sketch).map((layer) => layer.buffer as ArrayBuffer),
      );
      return;
    }
  };
  const done = (settle: (job: Pending) => void): void => {
    const job = current;
    current = undefined;
    if (job !== undefined) settle(job);
    next();
  };
  const begin = (): Worker => {
    const fresh = new Worker(workerFile);
    fresh.unref();
    fresh.on('message', ({ finished, error }: Done) => {
      drawn++;
      done(({ resolve, reject }) => {
        if (finished !== undefined) resolve(received(finished));
        else reject(new Error(error));
      });
    });
    // The picture in progress killed the thread; the others get a new thread.
    const failed = (error: Error): void => {
      if (worker !== fresh) return;
      worker = undefined;
      done(({ reject }) => {
        reject(error);
      });
    };
    fresh.on('error', failed);
    fresh.on('exit', () => {
      failed(new Error('the rendering thread ended'));
    });
    return fresh;
  };

  return {
    get drawn() {
      return drawn;
    },
    async render(sketch, gone) {
      if (gone?.aborted === true) throw new CaError('NO_RESOURCE', 'the client went away');
      if (costOf(sketch) < INLINE_MS) return finish(sketch);
      const bytes = waiting.reduce((sum, job) => sum + bytesOf(job.sketch), bytesOf(sketch));
      const tooMuch = waiting.length > 0 && bytes > WAITING_BYTES;
      if (tooMuch || waiting.length >= WAITING) {
        throw new CaError('NO_RESOURCE', `${waiting.length} large pictures are waiting to be drawn`, {
          retryAfter: 1,
        });
      }
      return new Promise<Finished>((resolve, reject) => {
        waiting.push({ sketch, gone, resolve, reject });
        next();
      });
    },
    async close() {
      const ended = new CaError('NO_RESOURCE', 'this aggregator is going away', { retryAfter: 1 });
      for (const { reject } of waiting.splice(0)) reject(ended);
      await worker?.terminate();
    },
  };
}

/** Between threads a Buffer becomes the bytes that it is. */
function received({ png, other, difference }: Finished): Finished {
  const bufferOf = (bytes: Uint8Array): Buffer =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    png: bufferOf(png),
    ...(other === undefined ? {} : { other: bufferOf(other) }),
    ...(difference === undefined ? {} : { difference: bufferOf(difference) }),
  };
}

function layersOf({ layers, other }: Sketch): readonly Layer[] {
  return [...layers, ...(other?.layers ?? [])];
}

function bytesOf(sketch: Sketch): number {
  return layersOf(sketch).reduce((sum, { byteLength }) => sum + byteLength, 0);
}
