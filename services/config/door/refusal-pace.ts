/*
 * Paces refused clients. In: refusals, which state when to retry. Out: clients that retry sooner are held until that
 * time: hundreds of clients in a tight loop would take the CPU from all others.
 */
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Request } from '../../../common/http/http';

/** Value of Retry-After. */
const AGAIN_MS = 1000;
/** Greatest number of held clients: each costs a connection and some kilobytes. */
const HELD_MAX = 4096;

export class RefusalPace {
  private held = 0;
  private readonly told = new WeakMap<Socket, number>();

  /** Resolves when the refusal may be sent, or its client has gone. */
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
