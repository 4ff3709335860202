/*
 * State that must survive a restart, in a document that is always whole. In: changes. Out: the state, as it is kept. Changes that
 * come while one is written are written together; no change is visible before it is kept. A document of an older release
 * is kept beside the first one that this release writes; one of a newer release is refused (saved-file.ts reads them).
 */
import { messageOf } from '../../../common/service/errors';
import type { Former } from './saved-file';
import type { Document } from './storage';

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
  private readonly document: Document;
  /** What `check` found. */
  private found: string | undefined;
  private readonly serialize: (state: State) => string;
  private former: Former | undefined;
  private waiting: Waiting<State>[] = [];
  private busy = false;
  private writing = Promise.resolve();

  /** `former`: what an older release wrote, to be kept before it is replaced. */
  constructor(document: Document, state: State, serialize: (state: State) => string, former?: Former) {
    this.former = former;
    this.document = document;
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

  /** Periodic check: detects a place that cannot be written before a change fails on it. */
  async check(): Promise<void> {
    try {
      await this.document.check();
      if (this.trouble === this.found) this.trouble = undefined;
      this.found = undefined;
    } catch (error) {
      this.trouble = this.found = messageOf(error);
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
          if (this.former !== undefined) await this.former.copy.write(this.former.text);
          this.former = undefined;
          await this.document.write(this.serialize(next));
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
