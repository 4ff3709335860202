/*
 * State that must survive a restart, in a file that is always whole. In: changes. Out: the state, as it is on disk. Changes that
 * come while the disk is busy are written together; no change is visible before it is on disk. A file of an older release
 * is kept beside the first one that this release writes; one of a newer release is refused (saved-file.ts reads them).
 */
import { constants } from 'node:fs';
import { access, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from '../../../common/service/errors';
import type { FormerFile } from './saved-file';

/** What a change makes of the state. Whatever it throws rejects that change alone, and nothing of it is kept. */
type Apply<State, T> = (state: State) => { readonly next: State; readonly result: T };

interface Waiting<State> {
  readonly apply: Apply<State, unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class Saved<State> {
  /** Why the last write failed, or the next one will; undefined: it did not. */
  trouble: string | undefined;
  private current: State;
  private readonly file: string;
  private readonly serialize: (state: State) => string;
  private former: FormerFile | undefined;
  private waiting: Waiting<State>[] = [];
  private busy = false;
  private writing = Promise.resolve();

  /** `former`: what an older release wrote, to be kept before it is replaced. */
  constructor(file: string, state: State, serialize: (state: State) => string, former?: FormerFile) {
    this.former = former;
    this.file = file;
    this.current = state;
    this.serialize = serialize;
  }

  get state(): State {
    return this.current;
  }

  /** Resolves with the result once its change is on disk; rejects with what `apply` threw, or the disk's error. */
  change<T>(apply: Apply<State, T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.waiting.push({ apply, resolve: resolve as (result: unknown) => void, reject });
      if (!this.busy) this.writing = this.writeAll();
    });
  }

  /** Resolves when everything asked for so far is on disk. */
  async flushed(): Promise<void> {
    await this.writing;
  }

  /** Periodic check: detects an unwritable folder before a change fails on it. */
  async check(): Promise<void> {
    try {
      await access(dirname(this.file), constants.W_OK | constants.X_OK);
      if (this.trouble?.startsWith(FOLDER) === true) this.trouble = undefined;
    } catch (error) {
      this.trouble = `${FOLDER} cannot be written: ${messageOf(error)}`;
    }
  }

  private async writeAll(): Promise<void> {
    this.busy = true;
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      let next = this.current;
      const done: (() => void)[] = [];
      const failed: Waiting<State>['reject'][] = [];
      for (const { apply, resolve, reject } of batch) {
        try {
          const { next: changed, result } = apply(next);
          next = changed;
          done.push(() => {
            resolve(result);
          });
          failed.push(reject);
        } catch (error) {
          reject(error);
        }
      }
      try {
        if (next !== this.current) {
          if (this.former !== undefined) await writeWhole(this.former.copy, this.former.text);
          this.former = undefined;
          await writeWhole(this.file, this.serialize(next));
          this.trouble = undefined;
        }
        this.current = next;
        for (const tell of done) tell();
      } catch (error) {
        this.trouble = `the state cannot be saved: ${messageOf(error)}`;
        for (const reject of failed) reject(error);
      }
    }
    // In the same breath as the last look at `waiting`: a change that comes now starts the next round.
    this.busy = false;
  }
}

const FOLDER = 'the state folder';

/** After this, power may fail at any moment and the file is either the old or the new one. */
async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
