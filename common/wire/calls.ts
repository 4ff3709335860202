/*
 * Pending calls. In: the callee, and messages received. Out: the answer, or why there is none.
 * Ids cannot be guessed, and an answer counts only when the callee sent it.
 */
import { randomUUID } from 'node:crypto';
import { CaError, ERRORS, type ErrorCode } from '../service/errors';
import type { Message } from './message';

/** Body of an answer. */
export type AnswerBody = Readonly<Record<string, unknown>>;

interface Waiting {
  /** The callee's key; undefined: everyone who listens at a shared key. */
  readonly to: string | undefined;
  readonly answer: (body: AnswerBody, from: Message) => void;
  readonly fail: (error: Error) => void;
}

export class Calls {
  private readonly waiting = new Map<string, Waiting>();

  get size(): number {
    return this.waiting.size;
  }

  /** `send` returns the reason when it failed, else undefined. Rejects with TIMED_OUT, NO_RESOURCE, or the callee's error. */
  call(
    to: string,
    type: string,
    timeoutMs: number,
    send: (id: string) => string | undefined,
  ): Promise<AnswerBody> {
    const id = randomUUID();
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        this.waiting.delete(id);
      };
      const fail = (error: Error): void => {
        done();
        reject(error);
      };
      const timer = setTimeout(() => {
        fail(new CaError('TIMED_OUT', `${to} did not answer ${type} within ${timeoutMs} ms`));
      }, timeoutMs);
      const answer = (body: AnswerBody): void => {
        done();
        resolve(body);
      };
      this.waiting.set(id, { to, answer, fail });
      const problem = send(id);
      if (problem !== undefined) fail(new CaError('NO_RESOURCE', problem));
    });
  }

  /** `each` gets one answer per callee. Ends when `each` returns true, or when the time is up. */
  gather(
    timeoutMs: number,
    send: (id: string) => boolean,
    connected: () => boolean,
    each: (answer: AnswerBody, from: Message) => boolean,
  ): Promise<void> {
    const id = randomUUID();
    const heard = new Set<string>();
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        this.waiting.delete(id);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      const fail = (error: Error): void => {
        if (connected()) return; // one callee failed: others may still answer
        reject(error);
        done();
      };
      const answer = (body: AnswerBody, message: Message): void => {
        if (heard.has(message.from)) return;
        heard.add(message.from);
        if (each(body, message)) done();
      };
      this.waiting.set(id, { to: undefined, answer, fail });
      if (!send(id)) fail(new CaError('NO_RESOURCE', 'the broker is not connected'));
    });
  }

  /** False: no pending call, or not to this sender. */
  answered(message: Message & { readonly type: 'answer' }): boolean {
    const { to, error, body } = message.body;
    const waiting = this.waiting.get(to);
    if (waiting === undefined || (waiting.to ?? message.from) !== message.from) return false;
    if (error === undefined) waiting.answer(body ?? {}, message);
    else waiting.fail(new CaError(isErrorCode(error.code) ? error.code : 'INTERNAL', error.message));
    return true;
  }

  fail(id: string, error: Error): void {
    this.waiting.get(id)?.fail(error);
  }

  failAll(why: string): void {
    for (const { fail } of [...this.waiting.values()]) fail(new CaError('NO_RESOURCE', why));
  }
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}
