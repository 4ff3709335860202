/*
 * A listening socket that somebody holds for us, so that connections wait while we are started anew instead of being
 * refused: systemd's way (LISTEN_FDS, sd_listen_fds(3)), and `make run`'s. In: the environment. Out: its descriptor.
 */
import type { AddressInfo } from 'node:net';
import { invalid } from '../../../common/service/errors';
import type { Environment } from '../../../common/service/settings';

/** By convention the first one after standard input, output and error. */
const FIRST_FD = 3;

export function inheritedSocket(env: Environment, pid: number): number | undefined {
  const { LISTEN_FDS: count, LISTEN_PID: whose } = env;
  if (count === undefined || count === '0') return undefined;
  // Meant for a process before us: these variables outlive what they speak of. `make run` cannot know our id.
  if (whose !== undefined && whose !== String(pid)) return undefined;
  if (count !== '1') throw invalid('LISTEN_FDS', `is ${count}; the front door is one socket`);
  return FIRST_FD;
}

/** Who may enter was decided for the address in our settings: a socket at another one would be another door. */
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
