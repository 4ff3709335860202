/*
 * So many at a time, a few more wait in order, the rest is refused at once. In: who wants to enter. Out: the way in, or
 * NO_RESOURCE with when to try again: when the line is full, or when it took too long. Whoever leaves makes room.
 */
import { CaError } from '../../../common/service/errors';

interface LineOptions {
  /** At a time. */
  readonly width: number;
  /** Waiting for that. */
  readonly length: number;
  /** Longest wait. */
  readonly patienceMs: number;
}

/** Asked only of who must wait: making a signal costs more than passing through. */
export interface Waiting {
  readonly gone: AbortSignal;
}

export class AdmissionQueue {
  /** In order of arrival: a Set keeps it, and lets anybody leave from the middle. */
  private readonly waiting = new Set<() => void>();
  private readonly o: LineOptions;
  private inside = 0;

  constructor(options: LineOptions) {
    this.o = options;
  }

  get running(): number {
    return this.inside;
  }

  get length(): number {
    return this.waiting.size;
  }

  get full(): boolean {
    return this.inside >= this.o.width && this.waiting.size >= this.o.length;
  }

  /** Resolves when it is one's turn; then `leave` must be called, once. `gone`: whoever waited is not there any more. */
  async enter(who: Waiting): Promise<void> {
    if (this.inside < this.o.width) {
      this.inside++;
      return;
    }
    if (this.waiting.size >= this.o.length) {
      throw new CaError(
        'NO_RESOURCE',
        `${this.inside + this.waiting.size} requests wait for this aggregator`,
        {
          retryAfter: 1,
        },
      );
    }
    const { gone } = who;
    await new Promise<void>((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        gone.removeEventListener('abort', abandon);
        this.waiting.delete(turn);
      };
      const turn = (): void => {
        end();
        resolve();
      };
      const abandon = (): void => {
        end();
        reject(new CaError('NO_RESOURCE', 'the client went away'));
      };
      const timer = setTimeout(() => {
        end();
        reject(new CaError('NO_RESOURCE', 'the aggregator is busy', { retryAfter: 1 }));
      }, this.o.patienceMs);
      gone.addEventListener('abort', abandon, { once: true });
      this.waiting.add(turn);
    });
  }

  leave(): void {
    const [next] = this.waiting;
    if (next === undefined) this.inside--;
    else next(); // the place goes on to whoever waited longest
  }
}
