/*
 * Who is refused is told when to come back. In: refusals. Out: nothing, for those who come back then; who asks again sooner
 * waits for that moment: hundreds of clients that ask as fast as they can would take the processor from all others.
 */
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Request } from '../../../common/http/http';

/** What Retry-After says. */
const AGAIN_MS = 1000;
/** Each holds a connection and some kilobytes. */
const HELD_MAX = 4096;

export class RefusalPace {
  private held = 0;
  private readonly told = new WeakMap<Socket, number>();

  /** Comes back when the refusal may be sent, or its client has gone. */
  async hold({ incoming: { socket }, gone }: Pick<Request, 'incoming' | 'gone'>): Promise<void> {
    const now = performance.now();
    const wait = (this.told.get(socket) ?? 0) - now;
    if (wait > 0 && this.held < HELD_MAX) {
      this.held++;
      await pause(Math.min(wait, AGAIN_MS), undefined, { signal: gone }).catch(() => undefined);
      this.held--;
    }
    this.told.set(socket, performance.now() + AGAIN_MS);
  }
}
