/*
 * A second thread that finishes large pictures. In: a sketch. Out: { finished } or { error }; one answer for each.
 */
import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../../../common/service/errors';
import { finish, type Finished, type Sketch } from './finish';

export interface Done {
  readonly finished?: Finished;
  readonly error?: string;
}

parentPort?.on('message', (sketch: Sketch) => {
  let done: Done;
  try {
    done = { finished: finish(sketch) };
  } catch (error) {
    done = { error: messageOf(error) };
  }
  parentPort?.postMessage(done);
});
