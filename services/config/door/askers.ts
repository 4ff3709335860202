/* The client of a request, if there are tokens. In: the gate's result for a request. Out: the name of the token, for fair sharing. */
import type { IncomingMessage } from 'node:http';

const names = new WeakMap<IncomingMessage, string>();

export function setAsker(incoming: IncomingMessage, name: string): void {
  names.set(incoming, name);
}

/** Not a path, so that it differs from names of instrumentations. undefined: there are no tokens. */
export function askerOf(incoming: IncomingMessage): string | undefined {
  const name = names.get(incoming);
  return name === undefined ? undefined : `token ${name}`;
}
