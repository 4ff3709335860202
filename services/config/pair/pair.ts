/*
 * One of a pair of config services, with the state and a lease in PostgreSQL. In: settings. Out: a service that passes requests on
 * while the other has the lease, takes over when it ends, and ends itself when it has lost it: started again, it is the second.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { HttpServer } from '../../../common/http/http';
import { invalid } from '../../../common/service/errors';
import type { Log } from '../../../common/service/log';
import { isLoopback } from '../../../common/service/networks';
import type { Host, Running } from '../../../common/service/run';
import type { Environment, Settings } from '../../../common/service/settings';
import { routes } from '../../../common/wire/route';
import { startActive } from '../active';
import { readAccess, type Access } from '../door/access';
import { watchedAuthority } from '../door/enrolment-settings';
import { createGate } from '../door/gate';
import { localUsers } from '../door/local-users';
import { frontCertificate, readOperatorFiles } from '../door/operator-files';
import { RateLimit } from '../door/rate-limit';
import { bringAlong, filesIn } from '../state/storage';
import { Lease, LEASE_MS, type LeaseState } from './lease';
import { Postgres } from './postgres';
import { openStandby } from './standby';

/** Settles when the front door is open: the other's until this one has the lease. */
export async function startPair(host: Host, stateUrl: string): Promise<Running> {
  const { settings, env, log } = host;
  const access = readAccess(env, settings.host);
  const holder = { id: randomUUID(), address: pairAddress(env, access, settings) };
  const files = await filesIn(join(settings.home, 'config'));
  const postgres = new Postgres(stateUrl, routes(settings.amqpPrefix).base);
  const lease = new Lease(postgres, holder, () => performance.now());
  const tell = teller(log);
  const standby = await standbyOf(host, access, lease, holder.address);

  let active: Running | undefined;
  let taking: Promise<void> | undefined;
  const takeOver = async (fence: number): Promise<void> => {
    await standby.close();
    const own = { fence, isValid: () => lease.isValid };
    const storage = postgres.storage(fence);
    const brought = await bringAlong(files, storage);
    if (brought.length > 0) log.info({ brought }, 'the database was empty: brought along what was in files');
    active = await startActive(host, { storage, lease: own });
    await active.joined;
  };
  let stopped = false;
  let fail: (why: unknown) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => (fail = reject));
  const watch = async (): Promise<never> => {
    for (;;) {
      const state = await lease.beat();
      if (stopped) return await new Promise(() => undefined);
      tell(state);
      if (state.is === 'lost')
        throw new Error('another config service has taken over; started again, this one is the second');
      // Not awaited: the lease must be renewed meanwhile.
      if (state.is === 'held' && taking === undefined) {
        taking = takeOver(state.fence);
        taking.catch(fail);
      }
      await pause(LEASE_MS / 5);
    }
  };
  const ended = Promise.race([watch(), failed]);
  ended.catch(() => undefined);
  return {
    joined: Promise.resolve(),
    ended,
    async stop() {
      stopped = true;
      await taking?.catch(() => undefined);
      await (active === undefined ? standby.close() : active.stop());
      await lease.release();
      await postgres.close();
    },
  };
}

/** Where the other finds our front door. Throws an INVALID error. */
export function pairAddress(env: Environment, access: Access, { httpPort }: Settings): string {
  const scheme = access.tls === undefined ? 'http' : 'https';
  const text = env['CA_PAIR_ADDRESS'] ?? '';
  if ((env['LISTEN_FDS'] ?? '0') !== '0')
    throw invalid(
      'CA_STATE',
      'names a database: one of a pair opens its port itself; fix: disable cloud-analytics-config.socket',
    );
  if (text === '') {
    if (/^[0.:]+$/.test(access.bind) && access.bind !== '::1')
      throw invalid(
        'CA_PAIR_ADDRESS',
        `must be the URL of this front door as the other config service reaches it, such as ${scheme}://ca1.example:${httpPort}: CA_BIND is ${access.bind}`,
      );
    return `${scheme}://${access.bind.includes(':') ? `[${access.bind}]` : access.bind}:${httpPort}`;
  }
  if (!/^https?:\/\//.test(text) || !URL.canParse(text) || new URL(text).pathname !== '/')
    throw invalid(
      'CA_PAIR_ADDRESS',
      `must be a URL without a path, such as ${scheme}://ca1.example:${httpPort}`,
    );
  const { protocol, hostname } = new URL(text);
  if (protocol === 'http:' && hostname !== 'localhost' && !isLoopback(hostname.replace(/^\[|\]$/g, '')))
    throw invalid('CA_PAIR_ADDRESS', 'must begin with https://: tokens must not travel in the open');
  return text;
}

async function standbyOf(
  { settings, env, clock, log }: Host,
  access: Access,
  lease: Lease,
  own: string,
): Promise<HttpServer> {
  const files = await readOperatorFiles(access);
  process.on('SIGHUP', () => void files.reload().catch(() => undefined)); // the active one says what is wrong
  const active = (): string | undefined => {
    const { state } = lease;
    const address = state.is === 'waiting' ? state.active?.address : undefined;
    // Our own: of the process before this one, whose lease has not ended yet.
    return address === undefined || address === '' || address === own ? undefined : address;
  };
  return openStandby({
    host: access.bind,
    port: settings.httpPort,
    certificate: access.tls === undefined ? undefined : await frontCertificate(access.tls, log),
    gate: createGate({
      access,
      tokens: () => files.tokens,
      customers: () => files.customers,
      attempts: new RateLimit(clock),
      localUsers: files.tokens === undefined ? await localUsers() : undefined,
    }),
    log,
    active,
    authority: await watchedAuthority(env, ['CA_TLS_CA'], log),
    trouble: () => ('trouble' in lease.state ? lease.state.trouble : undefined),
  });
}

/** Logs what has changed. */
function teller(log: Log): (state: LeaseState) => void {
  let [before, troubleBefore] = ['', ''];
  return (state) => {
    const trouble = ('trouble' in state ? state.trouble : undefined) ?? '';
    const now = state.is === 'waiting' ? `waiting for ${state.active?.address ?? ''}` : state.is;
    if (trouble !== '' && trouble !== troubleBefore)
      log.warn({ reason: trouble }, 'PostgreSQL does not answer: until it does, nothing can be changed');
    if (now !== before) log.info({ lease: now }, 'one of a pair');
    [before, troubleBefore] = [now, trouble];
  };
}
