/*
 * Equal concurrent requests become one request to the aggregator. In: the key of equal requests. Out: for the first a
 * flight, for the others its whole answer; or nothing, when it is too large: then each is forwarded by itself.
 *
 * 100 clients of one heatmap cost an aggregator as much as one, also when they flood it. Only requests of the same second
 * share: "now" differs in the next. Answers are sent a few at a time, so that other requests get their turn.
 */
import type { ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import type { Reply } from '../../../../common/http/http';

/** A longer answer is streamed to each at its own speed. */
const ANSWER_BYTES_MAX = 1024 * 1024;
/** Total size of answers that some clients have not fully received. */
const ALL_BYTES_MAX = 32 * 1024 * 1024;
const FOLLOWERS_MAX = 1000;
const AT_A_TIME = 16;

interface Follower {
  readonly outgoing: ServerResponse;
  /** undefined: forward the request by itself. */
  readonly take: (reply: Reply | undefined) => void;
  readonly fail: (error: Error) => void;
}

export class SharedAnswers {
  /** Bytes of answers that somebody has not taken yet. */
  bytes = 0;
  private readonly flights = new Map<string, Flight>();

  /** One of this second that is not answered yet. */
  find(key: string, second: number): Flight | undefined {
    const flight = this.flights.get(key);
    return flight?.second === second && flight.followers.size < FOLLOWERS_MAX ? flight : undefined;
  }

  begin(key: string, second: number): Flight {
    const flight = new Flight(second, this, () => {
      if (this.flights.get(key) === flight) this.flights.delete(key);
    });
    this.flights.set(key, flight);
    return flight;
  }
}

export class Flight {
  readonly followers = new Set<Follower>();
  readonly second: number;
  private readonly all: SharedAnswers;
  private readonly over: () => void;
  private emptied: (() => void) | undefined;
  /** Of its answer, while somebody has not taken it. */
  private bytes = 0;

  constructor(second: number, all: SharedAnswers, over: () => void) {
    this.second = second;
    this.all = all;
    this.over = over;
  }

  /** Its answer; undefined: there is none to share. Rejects with the error of the flight. */
  follow(outgoing: ServerResponse): Promise<Reply | undefined> {
    return new Promise((resolve, reject) => {
      const follower = { outgoing, take: resolve, fail: reject };
      this.followers.add(follower);
      outgoing.once('close', () => {
        if (this.followers.delete(follower)) resolve({ streamed: true });
        if (this.followers.size === 0) this.emptied?.();
      });
    });
  }

  /** The first one's client has gone: `abandon` at once, or when the last of the others has gone, too. */
  left(abandon: () => void): void {
    if (this.followers.size === 0) abandon();
    else this.emptied = abandon;
  }

  /** The answer begins, of so many bytes; nobody joins any more. True: it is to be kept whole, for deliver(). */
  landed(bytes: number): boolean {
    this.over();
    this.release();
    if (this.followers.size === 0) return false;
    if (bytes <= ANSWER_BYTES_MAX && this.all.bytes + bytes <= ALL_BYTES_MAX) {
      this.bytes = bytes;
      this.all.bytes += bytes;
      return true;
    }
    for (const { take } of this.takeAll()) take(undefined);
    return false;
  }

  /** Delivers the whole answer. `first`: the client whose request it was. */
  async deliver(reply: Reply, first: ServerResponse): Promise<void> {
    const followers = this.takeAll();
    const takers = [first, ...followers.map(({ outgoing }) => outgoing)].filter(({ closed }) => !closed);
    let left = takers.length;
    if (left === 0) this.release();
    for (const outgoing of takers) {
      outgoing.once('close', () => {
        if (--left === 0) this.release();
      });
    }
    for (let i = 0; i < followers.length; i++) {
      if (i > 0 && i % AT_A_TIME === 0) await setImmediate();
      followers[i]?.take(reply);
    }
  }

  fail(error: Error): void {
    this.over();
    this.release();
    for (const { fail } of this.takeAll()) fail(error);
  }

  private release(): void {
    this.all.bytes -= this.bytes;
    this.bytes = 0;
  }

  private takeAll(): Follower[] {
    const all = [...this.followers];
    this.followers.clear();
    return all;
  }
}
