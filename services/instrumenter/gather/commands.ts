/*
 * Requests to this node. In: messages. Out: calls of their handlers, and replies.
 */
import type { Peer } from '../../../common/wire/peer';
import type { ResendItems } from '../../../common/wire/message';
import type { Wanted } from './wanted';

interface CommandOptions {
  readonly peer: Pick<Peer, 'on'>;
  readonly wanted: Pick<Wanted, 'take' | 'content'>;
  /** The config service asks which nodes are here; the number is how many it asks. */
  readonly sayHello: (fleet: number | undefined) => void;
  /** Resends values that did not arrive; returns those that are no longer kept here. */
  readonly resend: (items: ResendItems) => ResendItems;
  readonly status: () => Readonly<Record<string, unknown>>;
}

export function listen({ peer, wanted, sayHello, resend, status }: CommandOptions): void {
  peer.on('config_online', ({ fleet }) => {
    sayHello(fleet);
    return undefined;
  });
  peer.on('gathers', (body) => {
    wanted.take(body);
    return undefined;
  });
  peer.on('content', ({ digest }) => {
    const content = wanted.content(digest);
    return content === undefined ? {} : { content };
  });
  peer.on('resend', ({ items }) => ({ unknown: resend(items) }));
  peer.on('status', status);
}
