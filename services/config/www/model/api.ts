/*
 * The public API over fetch: every request the page makes. In: paths and questions. Out: answers, or an ApiError
 * that a person can read. It also learns the servers' clock from their Date headers.
 */
import type { BoardAnswer } from '../../../../common/api/board.ts';
import type { DetailsAnswer, ImageAnswer } from '../../../../common/api/heatmap.ts';
import type { SpecialAnswer } from '../../../../common/api/special.ts';
import type { TopAnswer } from '../../../../common/api/value.ts';
import type { Board } from '../../../../common/model/board.ts';
import type {
  Catalogue,
  ErrorAnswer,
  Instrumentation,
  Question,
  RawAnswer,
  StatusAnswer,
} from './answers.ts';

/** `status` 0: no answer came at all. */
export class ApiError extends Error {
  readonly status: number;
  readonly field: string | undefined;

  constructor(status: number, message: string, field?: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.field = field;
  }
}

export type Fetch = typeof fetch;

const PATIENCE_MS = 10_000;

export class Api {
  readonly base: string;
  private readonly fetch: Fetch;
  private readonly now: () => number;
  /** Servers' clock minus ours, ms; undefined until an answer came. Date headers are cut to seconds: the largest is nearest. */
  private offset: number | undefined;
  /** How many answers came so far. */
  private answers = 0;
  onAnswer: (reached: boolean) => void = () => undefined;
  /** The servers' clock is known better than before. */
  onClock: () => void = () => undefined;

  constructor(base: string, fetchLike: Fetch, now: () => number) {
    this.base = base;
    this.fetch = fetchLike;
    this.now = now;
  }

  /** Seconds since 1970 by the servers' clock. */
  serverSeconds(): number {
    return (this.now() + (this.offset ?? 0)) / 1000;
  }

  /** How many seconds the servers' clock is ahead of this device's. */
  skewSeconds(): number {
    return (this.offset ?? 0) / 1000;
  }

  catalogue(): Promise<Catalogue> {
    return this.json('GET', '');
  }

  list(): Promise<readonly Instrumentation[]> {
    return this.json('GET', '/instrumentations');
  }

  get(id: string): Promise<Instrumentation> {
    return this.json('GET', `/instrumentations/${encodeURIComponent(id)}`);
  }

  status(): Promise<StatusAnswer> {
    return this.json('GET', '/admin/status');
  }

  /** `more`: properties besides the question, such as idle-max. */
  create(question: Question, more: object = {}): Promise<Instrumentation> {
    return this.json('POST', '/instrumentations', { ...question, ...more });
  }

  change(id: string, properties: object): Promise<Instrumentation> {
    return this.json('PUT', `/instrumentations/${encodeURIComponent(id)}`, properties);
  }

  clone(id: string): Promise<Instrumentation> {
    return this.json('POST', `/instrumentations/${encodeURIComponent(id)}/clone`, {});
  }

  async remove(id: string): Promise<void> {
    await this.json('DELETE', `/instrumentations/${encodeURIComponent(id)}`);
  }

  /** The same for a page that is going away: nobody waits for the answer. */
  removeLeaving(id: string): void {
    const path = `${this.base}/instrumentations/${encodeURIComponent(id)}`;
    void this.fetch(path, { method: 'DELETE', keepalive: true }).catch(() => undefined);
  }

  boards(): Promise<readonly BoardAnswer[]> {
    return this.json('GET', '/boards');
  }

  board(id: string): Promise<BoardAnswer> {
    return this.json('GET', `/boards/${encodeURIComponent(id)}`);
  }

  saveBoard(board: Board, id?: string, revision?: number): Promise<BoardAnswer> {
    return id === undefined
      ? this.json('POST', '/boards', board)
      : this.json('PUT', `/boards/${encodeURIComponent(id)}`, { ...board, revision });
  }

  async removeBoard(id: string): Promise<void> {
    await this.json('DELETE', `/boards/${encodeURIComponent(id)}`);
  }

  removeBoardLeaving(id: string): void {
    const path = `${this.base}/boards/${encodeURIComponent(id)}`;
    void this.fetch(path, { method: 'DELETE', keepalive: true }).catch(() => undefined);
  }

  /** `points` values of `duration` seconds each from `start`, oldest first. */
  raw(id: string, start: number, duration: number, points: number, waitMs: number): Promise<RawAnswer[]> {
    const query = new URLSearchParams({
      start_time: String(start),
      duration: String(duration),
      ndatapoints: String(points),
      timeout: String(waitMs),
    });
    return this.json('GET', `/instrumentations/${encodeURIComponent(id)}/value/raw?${query.toString()}`);
  }

  image(id: string, query: URLSearchParams, gone?: AbortSignal): Promise<ImageAnswer> {
    return this.json('GET', valuePath(id, 'heatmap/image', query), undefined, gone);
  }

  /** What is behind a cell of a picture. */
  details(id: string, query: URLSearchParams): Promise<DetailsAnswer> {
    return this.json('GET', valuePath(id, 'heatmap/details', query));
  }

  /** What is over-represented in a box. */
  special(id: string, query: URLSearchParams): Promise<SpecialAnswer> {
    return this.json('GET', valuePath(id, 'special', query));
  }

  /** A table for each of the points. */
  top(id: string, query: URLSearchParams): Promise<TopAnswer[]> {
    return this.json('GET', valuePath(id, 'top', query));
  }

  private async json<T>(method: string, path: string, body?: object, gone?: AbortSignal): Promise<T> {
    let response: Response;
    const before = this.answers;
    try {
      response = await this.fetch(`${this.base}${path}`, {
        method,
        headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.any([AbortSignal.timeout(PATIENCE_MS), ...(gone === undefined ? [] : [gone])]),
      });
    } catch {
      if (gone?.aborted === true) throw new ApiError(0, 'Nobody waits for this answer any more.');
      // Answers that came in the meantime are newer news than a request that was given up.
      if (this.answers === before) this.onAnswer(false);
      throw new ApiError(0, 'The Cloud Analytics service cannot be reached.');
    }
    this.answers++;
    this.learnClock(response);
    this.onAnswer(true);
    const text = await response.text();
    if (!response.ok) throw errorOf(response, text);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  private learnClock(response: Response): void {
    const date = Date.parse(response.headers.get('Date') ?? '');
    if (Number.isNaN(date)) return;
    const seen = date - this.now();
    // A drop of more than two seconds means that one of the clocks was set: start over.
    const before = this.offset ?? -Infinity;
    if (seen <= before && seen >= before - 2000) return;
    this.offset = seen;
    this.onClock();
  }
}

function valuePath(id: string, what: string, query: URLSearchParams): string {
  return `/instrumentations/${encodeURIComponent(id)}/value/${what}?${query.toString()}`;
}

function errorOf(response: Response, text: string): ApiError {
  try {
    const { error } = JSON.parse(text) as ErrorAnswer;
    return new ApiError(response.status, sentence(error.message), error.field);
  } catch {
    return new ApiError(response.status, `The service answered ${response.status} ${response.statusText}.`);
  }
}

function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return 'The service gave no reason.';
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
