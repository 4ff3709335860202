/*
 * What others ask of this node. In: messages. Out: calls of what does it, and answers.
 */
import type { Peer } from '../../../common/wire/peer';
import type { ResendItems } from '../../../common/wire/message';
import type { Wanted } from './wanted';

interface CommandOptions {
  readonly peer: Pick<Peer, 'on'>;
  readonly wanted: Pick<Wanted, 'take' | 'content'>;
  /** The config service wants to know who is here: it asks so many nodes. */
  readonly sayHello: (fleet: number | undefined) => void;
  /** Sends values again that did not arrive; those that are not here any more come back. */
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
