/*
 * What the config service asks of this node. In: messages. Out: calls of the instrumenter, and answers.
 */
import type { Peer } from '../../../common/wire/peer';
import { fromWire, type ResendItems } from '../../../common/wire/message';
import type { Instrumenter } from './instrumenter';

interface CommandOptions {
  readonly peer: Pick<Peer, 'on'>;
  readonly instrumenter: Instrumenter;
  /** Somebody wants to know who is here. */
  readonly sayHello: () => void;
  /** Sends values again that did not arrive; those that are not here any more come back. */
  readonly resend: (items: ResendItems) => ResendItems;
  readonly status: () => Readonly<Record<string, unknown>>;
}

export function listen({ peer, instrumenter, sayHello, resend, status }: CommandOptions): void {
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
  peer.on('resend', ({ items }) => ({ unknown: resend(items) }));
  peer.on('status', status);
}
