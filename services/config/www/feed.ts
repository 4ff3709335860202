/*
 * One instrumentation's values, fetched as time goes on. In: the window wanted. Out: a History filled for it, and the
 * error of the last try. Only what is unknown, or was incomplete a moment ago, is asked for.
 */
import type { Clocks, Cost, Disk } from './answers.ts';
import { ApiError, type Api } from './api.ts';
import { History } from './history.ts';

const POINTS_PER_REQUEST = 120;
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
      let from = history.missingFrom(start, end, now);
      while (from !== undefined && from < end) {
        const points = Math.min(POINTS_PER_REQUEST, Math.ceil((end - from) / history.step));
        const answers = await this.api.raw(this.id, from, history.step, points, WAIT_MS);
        history.add(answers);
        this.cost = answers.at(-1)?.cost;
        this.clocks = answers.at(-1)?.clocks;
        this.disk = answers.at(-1)?.disk;
        from = history.missingFrom(from + points * history.step, end, now);
      }
      history.forgetBefore(keepFrom);
      this.error = undefined;
      return true;
    } catch (error) {
      this.error = error instanceof ApiError ? error : new ApiError(-1, 'The answer could not be read.');
      return false;
    }
  }
}
