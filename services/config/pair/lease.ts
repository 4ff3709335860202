/*
 * Which config service of a pair acts. In: a lease that both can reach, and a clock that runs while the process is
 * frozen. Out: whether ours is valid now, its fencing number, and whether it has been lost for good.
 *
 * The lease ends by the keeper's clock. We count from before the request that renewed it, and stop a tenth earlier: when the
 * keeper gives it to the other, we have known for some time that ours is over, even if nobody could tell us. Each new
 * holder gets a greater number; who has heard a greater one heeds no lower one (Kleppmann, How to do distributed locking, 2016).
 */
import { messageOf } from '../../../common/service/errors';

/** Where the lease is kept. All reject when it cannot be reached. */
export interface LeaseKeeper {
  /** The number, where nobody's lease is valid now; else who has it. */
  take(holder: Holder, ttlMs: number): Promise<{ readonly fence: number } | { readonly by: Holder }>;
  /** False: it is not ours any more. */
  renew(fence: number, ttlMs: number): Promise<boolean>;
  /** The other may take it at once. */
  release(fence: number): Promise<void>;
}

export interface Holder {
  /** Of this process, not of the machine: a restarted one is another. */
  readonly id: string;
  /** URL of its front door. */
  readonly address: string;
}

export type LeaseState =
  | { readonly is: 'waiting'; readonly active: Holder | undefined; readonly trouble?: string }
  | { readonly is: 'held'; readonly fence: number; readonly trouble?: string }
  | { readonly is: 'lost' };

export const LEASE_MS = 5000;

export class Lease {
  state: LeaseState = { is: 'waiting', active: undefined };
  private validUntil = -Infinity;
  private readonly keeper: LeaseKeeper;
  private readonly holder: Holder;
  private readonly now: () => number;
  private readonly ttlMs: number;

  /** `now`: milliseconds of a clock that is never set, and does not stand still while the process does. */
  constructor(keeper: LeaseKeeper, holder: Holder, now: () => number, ttlMs = LEASE_MS) {
    this.keeper = keeper;
    this.holder = holder;
    this.now = now;
    this.ttlMs = ttlMs;
  }

  /** Whether we may act at this moment. False, too, while the keeper cannot be reached for longer than the lease lasts. */
  get isValid(): boolean {
    return this.state.is === 'held' && this.now() < this.validUntil;
  }

  get fence(): number | undefined {
    return this.state.is === 'held' ? this.state.fence : undefined;
  }

  /** Takes or renews it; to be called about five times in each period, one call at a time. Never rejects. */
  async beat(): Promise<LeaseState> {
    const asked = this.now();
    const { state } = this;
    try {
      if (state.is === 'waiting') {
        const taken = await this.keeper.take(this.holder, this.ttlMs);
        if ('fence' in taken) this.hold(taken.fence, asked);
        else this.state = { is: 'waiting', active: taken.by };
      } else if (state.is === 'held') {
        if (await this.keeper.renew(state.fence, this.ttlMs)) this.hold(state.fence, asked);
        else this.state = { is: 'lost' };
      }
    } catch (error) {
      if (state.is !== 'lost') this.state = { ...state, trouble: messageOf(error) };
    }
    return this.state;
  }

  /** At an orderly end. Never rejects: it ends by itself, too. */
  async release(): Promise<void> {
    const { fence } = this;
    this.state = { is: 'lost' };
    if (fence !== undefined) await this.keeper.release(fence).catch(() => undefined);
  }

  private hold(fence: number, asked: number): void {
    this.validUntil = asked + this.ttlMs * 0.9;
    this.state = { is: 'held', fence };
  }
}
