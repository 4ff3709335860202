/*
 * One heatmap, fetched as time goes on: one request a second, which brings picture, axis, keys and completeness. In: what
 * is wanted. Out: the newest answer, and the error of the last try.
 */
import type { ImageAnswer } from '../../../../../common/api/heatmap.ts';
import { ApiError, type Api } from '../api.ts';
import { mayBeMended } from '../completeness.ts';

export class HeatmapFeed {
  readonly id: string;
  answer: ImageAnswer | undefined;
  error: ApiError | undefined;
  private readonly api: Api;
  /** What the answer is an answer to: how long to wait for it, and which axis was before, changes nothing of it. */
  private asked = '';
  private underway: AbortController | undefined;

  constructor(api: Api, id: string) {
    this.api = api;
    this.id = id;
  }

  /** Never rejects. False when nothing was learnt; an answer that is still good is not asked for again. */
  async refresh(query: URLSearchParams): Promise<boolean> {
    const asked = essence(query);
    const { answer } = this;
    const isSame = answer !== undefined && this.error === undefined && asked === this.asked;
    if (isSame && !mayBeMended(answer, this.api.serverSeconds())) return true;
    const controller = new AbortController();
    this.underway = controller;
    try {
      this.answer = await this.api.image(this.id, query, controller.signal);
      this.asked = asked;
      this.error = undefined;
      return true;
    } catch (error) {
      if (!controller.signal.aborted)
        this.error = error instanceof ApiError ? error : new ApiError(-1, 'The answer could not be read.');
      return false;
    } finally {
      this.underway = undefined;
    }
  }

  /** Something else is wanted now: nobody waits for the newest second in a picture that is not looked at any more. */
  abandon(): void {
    this.underway?.abort();
  }
}

function essence(query: URLSearchParams): string {
  const rest = new URLSearchParams(query);
  rest.delete('timeout');
  rest.delete('axis_before');
  return rest.toString();
}
