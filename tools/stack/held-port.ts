/*
 * A port that stays bound while the service behind it restarts: connections wait in the kernel's queue instead of
 * being refused. In: an address. Out: a descriptor for the service, which listens on it; or nothing, and it binds itself.
 *
 * Bound here and never listened on: Node.js would take the connections. Its own way to such a socket is inside
 * `cluster`; the binding below is what that uses. If that is gone one day, no port is held and everything else works.
 */
import { isIPv6 } from 'node:net';

export interface HeldPort {
  readonly fd: number;
  close(): void;
}

interface TcpHandle {
  readonly fd: number;
  bind(address: string, port: number): number;
  bind6(address: string, port: number, flags: number): number;
  close(): void;
}

interface TcpBinding {
  readonly TCP: new (kind: number) => TcpHandle;
  readonly constants: { readonly SERVER: number };
}

export function holdPort(address: string, port: number): HeldPort | undefined {
  try {
    const inside = process as unknown as { binding(name: 'tcp_wrap'): TcpBinding };
    const { TCP, constants } = inside.binding('tcp_wrap');
    const handle = new TCP(constants.SERVER);
    const error = isIPv6(address) ? handle.bind6(address, port, 0) : handle.bind(address, port);
    if (error === 0 && handle.fd >= 0) return handle;
    handle.close(); // the service will say what is wrong with it
    return undefined;
  } catch {
    return undefined;
  }
}
