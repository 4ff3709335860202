/*
 * One instrumentation's values, fetched as time goes on. In: the window wanted. Out: a History filled for it, and the
 * error of the last try. Only what is unknown, or was incomplete a moment ago, is asked for.
 */
import type { Clocks, Cost, Disk } from '../answers.ts';
import { ApiError, type Api } from '../api.ts';
import { History, type Piece } from './history.ts';

/** Some megabytes where there are many keys: more at once would hold up the answers of the other panels. */
const POINTS_PER_REQUEST = 120;
/** A browser opens six connections to one host; the other panels and the list need theirs. */
const REQUESTS_AT_ONCE = 3;
/** The newest second is complete when every node expected has reported; longer than this nobody waits. */
const WAIT_MS = 900;

export class Feed {
  readonly id: string;
  history: History;
  error: ApiError | undefined;
  /** As the newest answer told it. */
  cost: Cost | undefined;
  clocks: Clocks | undefined;
  disk: Disk | undefined;
  private readonly api: Api;

  constructor(api: Api, id: string, step: number) {
    this.api = api;
    this.id = id;
    this.history = new History(step);
  }

  /** A different step forgets what was there: sums of one length cannot be cut into another. */
  setStep(step: number): void {
    if (step !== this.history.step) this.history = new History(step);
  }

  /** Brings [start, end) up to date; never rejects. False when nothing could be learnt. */
  async refresh(start: number, end: number, keepFrom: number): Promise<boolean> {
    const { history } = this;
    const now = this.api.serverSeconds();
    try {
      // Newest first: where the window is long and something breaks, what was got is what matters most.
      const pieces = history.missing(start, end, now, POINTS_PER_REQUEST).reverse();
      const newest = pieces[0];
      const fetchAll = async (): Promise<void> => {
        for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) {
          await this.fetch(history, piece, piece === newest);
        }
      };
      try {
        await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, fetchAll));
      } finally {
        // Where one failed, the others ask for nothing more.
        pieces.length = 0;
      }
      history.forgetBefore(keepFrom);
      this.error = undefined;
      return true;
    } catch (error) {
      this.error = error instanceof ApiError ? error : new ApiError(-1, 'The answer could not be read.');
      return false;
    }
  }

  private async fetch(history: History, { start, points }: Piece, newest: boolean): Promise<void> {
    // Only the newest second is worth waiting for: who has not reported an older one by now is gone, or late.
    const answers = await this.api.raw(this.id, start, history.step, points, newest ? WAIT_MS : 0);
    history.add(answers);
    if (!newest) return;
    this.cost = answers.at(-1)?.cost;
    this.clocks = answers.at(-1)?.clocks;
    this.disk = answers.at(-1)?.disk;
  }
}
