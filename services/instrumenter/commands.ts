/*
 * What the config service asks of this node. In: messages. Out: calls of the instrumenter, and answers.
 */
import type { Peer } from '../../common/peer';
import { fromWire } from '../../common/message';
import type { Instrumenter } from './instrumenter';

export interface CommandOptions {
  readonly peer: Pick<Peer, 'on'>;
  readonly instrumenter: Instrumenter;
  /** Somebody wants to know who is here. */
  readonly sayHello: () => void;
  readonly status: () => Readonly<Record<string, unknown>>;
}

export function listen({ peer, instrumenter, sayHello, status }: CommandOptions): void {
  peer.on('config_online', () => {
    sayHello();
    return undefined;
  });
  peer.on('enable_instrumentation', ({ instrumentation }) => instrumenter.enable(fromWire(instrumentation)));
  peer.on('disable_instrumentation', ({ fqid }) => instrumenter.disable(fqid));
  peer.on('expected_instrumentations', async ({ fqids }) => {
    await instrumenter.expect(fqids);
    return undefined;
  });
  peer.on('status', status);
}
