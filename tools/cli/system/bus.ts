/*
 * The bus for a tool: its own peer, which gives up quickly. In: the broker's address. Out: a connected Peer,
 * or an error that says whether the broker was unreachable, the password was refused, or the time was up.
 */
import { within } from '../../../common/service/deadline';
import { checkEncrypted, withoutPassword } from '../../../common/service/broker-url';
import { CaError, messageOf } from '../../../common/service/errors';
import { SILENT } from '../../../common/service/log';
import {
  readBrokerCredentials,
  type BrokerCredentials,
} from '../../../common/wire/broker/broker-credentials';
import { Peer } from '../../../common/wire/peer';
import { routes, type Routes } from '../../../common/wire/route';
import type { Io } from '../io';

export interface Bus {
  readonly peer: Peer;
  readonly routes: Routes;
  readonly credentials: BrokerCredentials;
  /** Time to connect. */
  readonly connectMs: number;
}

export async function openBus(
  io: Pick<Io, 'clock' | 'host' | 'pid' | 'env'>,
  target: { readonly amqpUrl?: string | undefined; readonly prefix: string },
  timeoutMs: number,
): Promise<Bus> {
  const { amqpUrl, prefix } = target;
  if (amqpUrl === undefined) {
    throw new CaError(
      'NO_RESOURCE',
      'no broker is named: set CA_AMQP_URL, use --amqp-url, or run where .run/connection.json is (make run writes it; beside one with CA_HTTP_PORT, set that)',
    );
  }
  checkEncrypted('CA_AMQP_URL', amqpUrl, io.env);
  const credentials = await readBrokerCredentials(io.env);
  const keys = routes(prefix);
  const where = withoutPassword(amqpUrl);
  const peer = new Peer({
    url: amqpUrl,
    credentials,
    routes: keys,
    host: io.host,
    key: keys.tool(io.host, io.pid),
    clock: io.clock,
    log: SILENT,
    firstAttempts: 0,
  });
  const started = io.clock.now();
  try {
    await within(timeoutMs, peer.connect(), () => {
      throw new CaError('TIMED_OUT', `the broker at ${where} did not answer within ${timeoutMs} ms`);
    });
  } catch (error) {
    void peer.close().catch(() => undefined);
    if (error instanceof CaError) throw error;
    throw new CaError('NO_RESOURCE', `the broker at ${where} cannot be used: ${reasonOf(error)}`);
  }
  return { peer, routes: keys, credentials, connectMs: io.clock.now() - started };
}

function reasonOf(error: unknown): string {
  const text = messageOf(error);
  if (text.includes('ECONNREFUSED')) return 'nothing listens there; fix: start it, or check CA_AMQP_URL';
  if (/ACCESS.REFUSED|403/.test(text)) return 'it refused the user name or password';
  return text === '' ? 'the connection failed' : text;
}
