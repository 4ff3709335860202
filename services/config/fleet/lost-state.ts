/*
 * A service without a state must not end what the fleet gathers by a state that is lost, or on another machine. In: nodes that
 * say hello. Out: nothing is told to nodes and nothing is changed, with the reason, once one of them gathers by another state.
 */
import type { Clock } from '../../../common/service/clock';
import type { Log } from '../../../common/service/log';
import type { Store } from '../state/store';
import type { Node } from './member';
import type { Reconciler } from './reconcile';

/** Later than this after the first connection, and with questions of our own, a node that gathers others is only late. */
const NEW_MS = 15_000;

interface LostStateOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly store: Pick<Store, 'isNew' | 'records' | 'refuse'>;
  readonly reconciler: Pick<Reconciler, 'hold' | 'gathersOthers'>;
}

export class LostState {
  private connectedAt = Infinity;
  private found = false;
  private readonly o: LostStateOptions;

  constructor(options: LostStateOptions) {
    this.o = options;
  }

  connected(): void {
    this.connectedAt = Math.min(this.connectedAt, this.o.clock.now());
  }

  heard(node: Node): void {
    const { clock, log, store, reconciler } = this.o;
    const isYoung = store.records.size === 0 || clock.now() - this.connectedAt < NEW_MS;
    if (this.found || !store.isNew || !isYoung || !reconciler.gathersOthers(node)) return;
    this.found = true;
    const why =
      `there is no state here, but node ${node.host} gathers by one: nothing is changed, so that no question is lost; ` +
      'fix: put the state back (CA_HOME/config) and restart, or set CA_BEGIN_ANEW=yes to end all former questions';
    log.error({ node: node.host }, why);
    reconciler.hold();
    store.refuse(why);
  }
}
