/*
 * An inherited listening socket, so that connections wait during a restart instead of being refused, as systemd
 * (LISTEN_FDS, sd_listen_fds(3)) and `make run` pass it. In: the environment. Out: its descriptor.
 */
import type { AddressInfo } from 'node:net';
import { invalid } from '../../../common/service/errors';
import type { Environment } from '../../../common/service/settings';

/** By convention the first one after standard input, output and error. */
const FIRST_FD = 3;

export function inheritedSocket(env: Environment, pid: number): number | undefined {
  const { LISTEN_FDS: count, LISTEN_PID: whose } = env;
  if (count === undefined || count === '0') return undefined;
  // Meant for another process: the variables are inherited. `make run` cannot know our id.
  if (whose !== undefined && whose !== String(pid)) return undefined;
  if (count !== '1') throw invalid('LISTEN_FDS', `is ${count}; the front door is one socket`);
  return FIRST_FD;
}

/** Access was decided for the address in our settings: a socket at another address would bypass it. */
export function checkAddress(
  at: AddressInfo,
  wanted: { readonly bind: string; readonly port: number },
): void {
  if (at.address === wanted.bind && at.port === wanted.port) return;
  throw invalid(
    'CA_BIND',
    `and CA_HTTP_PORT say ${wanted.bind} port ${wanted.port}, but the socket that was handed over is at ${at.address} port ${at.port}`,
  );
}
