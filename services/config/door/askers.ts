/* Who has asked, where tokens tell. In: the gate's word on a request. Out: the name of the token, for sharing room fairly. */
import type { IncomingMessage } from 'node:http';

const names = new WeakMap<IncomingMessage, string>();

export function setAsker(incoming: IncomingMessage, name: string): void {
  names.set(incoming, name);
}

/** Not a path: no question has such a name. undefined: there are no tokens. */
export function askerOf(incoming: IncomingMessage): string | undefined {
  const name = names.get(incoming);
  return name === undefined ? undefined : `token ${name}`;
}
