/*
 * A second thread that finishes large pictures. In: { id, sketch } messages. Out: { id, png } or { id, error }.
 */
import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../../common/errors';
import { finish, type Sketch } from './finish';

export interface Job {
  readonly id: number;
  readonly sketch: Sketch;
}

export interface Done {
  readonly id: number;
  readonly png?: Uint8Array;
  readonly error?: string;
}

parentPort?.on('message', ({ id, sketch }: Job) => {
  let done: Done;
  try {
    done = { id, png: finish(sketch) };
  } catch (error) {
    done = { id, error: messageOf(error) };
  }
  parentPort?.postMessage(done);
});
