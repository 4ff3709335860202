/*
 * This node's credential for the broker: a token that is renewed at the front door long before it expires. In: the door, and the key
 * that `cloud-analytics join` has created. Out: credentials whose secret is always the newest; an open connection gets each new
 * one, so that nothing is interrupted.
 *
 * Lifetimes are counted from the answer by our own clock, so that clocks may differ. The newest token is also kept in the
 * state folder, so that a node starts while the door is away.
 */
import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RENEWED, type RenewedAnswer } from '../../common/api/join';
import { askDoor, checkDoorUrl, type Door } from '../../common/http/door-client';
import { checker, Type } from '../../common/model/schema';
import { Backoff, jittered, type Waits } from '../../common/service/backoff';
import { invalid, messageOf } from '../../common/service/errors';
import type { Log } from '../../common/service/log';
import type { Environment, Settings } from '../../common/service/settings';
import { trustedText } from '../../common/service/files/trusted-path';
import type { BrokerCredentials } from '../../common/wire/broker/broker-credentials';
import { userOf } from '../../common/wire/identity';

interface NodeCredentialOptions {
  readonly ask: () => Promise<RenewedAnswer>;
  readonly user: string;
  /** File of the newest token. */
  readonly file: string;
  readonly tls: BrokerCredentials['tls'];
  readonly log: Log;
  /** Times of tests. */
  readonly retryMs?: Waits;
}

const checkRenewed = checker(RENEWED, 'answer');
const checkKept = checker(Type.Object({ secret: Type.String(), until: Type.Number() }), 'credential');

/** At a third of its lifetime, which leaves two more periods of the same length to retry. */
const RENEW_AT = 1 / 3;
const RETRY_MS: Waits = { first: 2000, most: 60_000 };
/** A stored token that expires sooner than this is not used. */
const USEFUL_MS = 10_000;

/** Undefined: this node has no key (CA_NODE_SECRET); its URL has user and password. */
export async function openNodeCredential(
  { home, host, amqpPrefix }: Pick<Settings, 'home' | 'host' | 'amqpPrefix'>,
  env: Environment,
  tls: BrokerCredentials['tls'],
  log: Log,
): Promise<NodeCredential | undefined> {
  const key = env['CA_NODE_SECRET'] ?? '';
  if (key === '') return undefined;
  if (!/^[0-9a-f]{64}$/.test(key))
    throw invalid('CA_NODE_SECRET', 'must be what cloud-analytics join has written');
  const url = checkDoorUrl('CA_DOOR', env['CA_DOOR'] ?? '');
  const caFile = env['CA_TLS_CA'] ?? '';
  const ask = async (): Promise<RenewedAnswer> => {
    // Read each time: authorities are renewed, too.
    const door: Door = { url, ...(caFile === '' ? {} : { ca: await trustedText('CA_TLS_CA', caFile) }) };
    const { json } = await askDoor(door, '/ca/credential', { method: 'POST', body: { host, key } });
    return checkRenewed(json);
  };
  const credential = new NodeCredential({
    ask,
    user: userOf({ role: 'node', host }, amqpPrefix),
    file: join(home, 'credential.json'),
    tls,
    log,
  });
  await credential.start();
  return credential;
}

export class NodeCredential implements BrokerCredentials {
  readonly tls: BrokerCredentials['tls'];
  readonly user: string;
  private current = '';
  private listener: ((secret: string) => void) | undefined;
  private askedAt = -Infinity;
  private timer: NodeJS.Timeout | undefined;
  private asking: Promise<void> | undefined;
  private readonly backoff: Backoff;
  private closed = false;
  private readonly o: NodeCredentialOptions;

  constructor(options: NodeCredentialOptions) {
    this.o = options;
    this.backoff = new Backoff(options.retryMs ?? RETRY_MS);
    this.tls = options.tls;
    this.user = options.user;
  }

  readonly secret = (): string => this.current;

  readonly onSecret = (listener: (secret: string) => void): void => {
    this.listener = listener; // the connection of now
  };

  /** The broker refuses it: another one is requested, but not at each attempt to connect. */
  readonly refused = (): void => {
    if (performance.now() - this.askedAt >= (this.o.retryMs ?? RETRY_MS).first) void this.renew();
  };

  /** Resolves with the stored token, or with the outcome of the first attempt; attempts go on either way. */
  async start(): Promise<void> {
    const kept = this.kept();
    if (kept !== undefined) {
      this.current = kept;
      void this.renew();
    } else await this.renew();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private renew(): Promise<void> {
    this.asking ??= this.ask().finally(() => (this.asking = undefined));
    return this.asking;
  }

  private async ask(): Promise<void> {
    const { first } = this.o.retryMs ?? RETRY_MS;
    let again: number;
    this.askedAt = performance.now();
    try {
      const { secret, expiresIn = 0 } = await this.o.ask();
      const changed = secret !== this.current;
      this.current = secret;
      this.backoff.succeeded();
      if (changed) this.listener?.(secret);
      await this.keep(secret, expiresIn);
      again = Math.max(first, expiresIn * 1000 * RENEW_AT * (0.8 + 0.4 * Math.random()));
    } catch (error) {
      again = jittered(this.backoff.failed());
      const { failures } = this.backoff;
      // Logged at each doubling, so that a door that is away for a day does not make a thousand lines.
      if ((failures & (failures - 1)) === 0)
        this.o.log.warn(
          { reason: messageOf(error), times: failures },
          'the credential for the broker cannot be renewed yet',
        );
    }
    clearTimeout(this.timer);
    if (this.closed) return;
    this.timer = setTimeout(() => void this.renew(), again);
    this.timer.unref();
  }

  private kept(): string | undefined {
    try {
      const { secret, until } = checkKept(JSON.parse(readFileSync(this.o.file, 'utf8')));
      return until - Date.now() > USEFUL_MS ? secret : undefined;
    } catch {
      return undefined; // none, or damaged: the door issues another
    }
  }

  private async keep(secret: string, expiresIn: number): Promise<void> {
    try {
      const text = JSON.stringify({ secret, until: Date.now() + expiresIn * 1000 });
      await writeFile(`${this.o.file}.new`, text, { mode: 0o600 });
      await rename(`${this.o.file}.new`, this.o.file);
    } catch (error) {
      this.o.log.warn(
        { reason: messageOf(error) },
        'the credential cannot be kept: a restart needs the front door',
      );
    }
  }
}
