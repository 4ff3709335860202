/*
 * The config service at work: it owns the instrumentations, finds the other services by their hellos, and is the front door of
 * the API. In: settings, and where the state is kept. Out: a service that can be stopped. What it does is in config.ts and api/.
 */
import { within } from '../../common/service/deadline';
import { join } from 'node:path';
import { readBrokerCredentials } from '../../common/wire/broker/broker-credentials';
import { claim } from '../../common/wire/claim';
import { userOf } from '../../common/wire/identity';
import { AfterBurst } from '../../common/service/collect-garbage';
import { invalid, messageOf } from '../../common/service/errors';
import type { Environment } from '../../common/service/setting-names';
import { DiskRoom } from '../../common/service/files/disk-room';
import { doorKeysOf, type Aggregator, type DoorKeys } from '../../common/http/front-door';
import { readPlaces } from '../../common/service/networks';
import type { PeerLease } from '../../common/wire/lease';
import { Peer } from '../../common/wire/peer';
import { routes } from '../../common/wire/route';
import type { Host, Running } from '../../common/service/run';
import { brokerUrl } from '../../common/service/settings';
import { readAccess } from './door/access';
import { RateLimit } from './door/rate-limit';
import { Config } from './config';
import { copyValues } from './fleet/homes/copy';
import { openFront } from './door/front';
import { readEnrolment } from './door/enrolment-settings';
import { addressOf, createGate } from './door/gate';
import { localUsers } from './door/local-users';
import {
  aggregatorAuthorities,
  frontCertificate,
  frontDoorSecret,
  readOperatorFiles,
} from './door/operator-files';
import { checkAddress, inheritedSocket } from './door/inherited';
import { createProxy } from './door/upstream/proxy';
import { statusOf } from './api/status';
import { Enrolment } from './fleet/enrolment/enrolment';
import { FleetStore } from './state/fleet-store';
import type { Storage } from './state/storage';
import { Store } from './state/store';

const STOP_MS = 2000;

/** Where the state is kept, and the right to act on it. */
interface Kept {
  readonly storage: Storage;
  /** Of one of a pair. */
  readonly lease?: PeerLease;
}

/** Whether a missing state is to begin anew, although nodes may gather by a former one. Throws INVALID. */
export function beginsAnew(env: Environment): boolean {
  const text = env['CA_BEGIN_ANEW'] ?? '';
  if (text !== '' && text !== 'yes') throw invalid('CA_BEGIN_ANEW', 'must be yes, or not set');
  return text === 'yes';
}

/** Settles when the front door is open. */
export async function startActive(
  { settings, env, clock, log, panic }: Host,
  { storage, lease }: Kept,
): Promise<Running> {
  const url = brokerUrl(settings);
  const credentials = await readBrokerCredentials(env, log);
  const started = clock.now();
  const keys = routes(settings.amqpPrefix);

  const access = readAccess(env, settings.host);
  const files = await readOperatorFiles(access);
  const folder = join(settings.home, 'config');
  const store = await Store.open(storage, beginsAnew(env) ? clock.now() : undefined);
  const fleet = await FleetStore.open(storage);
  const master = await frontDoorSecret(storage);
  panic.secret(master);
  const doorKeys = (aggregator: Aggregator): DoorKeys => doorKeysOf(master, aggregator);
  const peer = new Peer({
    url,
    credentials,
    routes: keys,
    host: settings.host,
    key: keys.config,
    clock,
    log,
    firstAttempts: 0,
    lease,
    onUp: () => {
      log.info({}, 'connected to the broker');
      config.connected();
    },
    onDown: (reason) => {
      log.warn({ reason }, 'lost the broker');
    },
  });
  const config = new Config({
    bus: peer,
    routes: keys,
    clock,
    log,
    store,
    fleet,
    customers: () => files.customers,
    doorKeys,
    places: readPlaces(env),
    copy: (instrumentation, from, to) => copyValues(proxy, instrumentation, from, to),
    random: Math.random,
  });
  const enrolmentSettings = await readEnrolment({
    env,
    storage,
    amqpUrl: url,
    routes: keys,
    log,
    now: () => clock.now(),
  });
  const attempts = new RateLimit(clock);
  const enrolment = new Enrolment({
    ...enrolmentSettings,
    store: fleet,
    inventory: config.inventory,
    clock,
    log,
    userOf: (host) => userOf({ role: 'node', host }, keys.prefix),
    isOnline: (host) => config.members.isOnline(keys.instrumenter(host)),
  });
  const proxy = createProxy({
    keys: doorKeys,
    authorities: await aggregatorAuthorities(env, log),
    changed: (address, out) => {
      log.warn(
        { address },
        out ? 'an aggregator does not answer: out of rotation' : 'an aggregator answers again',
      );
    },
  });
  const status = (): ReturnType<typeof statusOf> =>
    statusOf({
      host: settings.host,
      started,
      now: clock.now(),
      config,
      bus: peer,
      proxy,
      http: front,
      memory: process.memoryUsage(),
    });
  peer.on('status', status);
  panic.state('status', status);
  panic.state('broker', () => peer.state);
  panic.state('records', () => config.records);
  panic.listen(peer);

  const certificate = access.tls === undefined ? undefined : await frontCertificate(access.tls, log);
  const fd = inheritedSocket(env, process.pid);
  let front: Awaited<ReturnType<typeof openFront>> | undefined = await openFront({
    host: access.bind,
    port: settings.httpPort,
    fd,
    certificate,
    disk: new DiskRoom(folder),
    gate: createGate({
      access,
      tokens: () => files.tokens,
      customers: () => files.customers,
      attempts,
      localUsers: files.tokens === undefined ? await localUsers() : undefined,
    }),
    log,
    bus: peer,
    clock,
    config,
    proxy,
    joining: {
      enrolment,
      settings: enrolmentSettings,
      attempts,
      addressOf: ({ incoming }) => addressOf(incoming, access.behindProxy),
    },
    status,
    pageFolder: join(__dirname, 'www'),
  });
  certificate?.serve(front);
  if (fd !== undefined) checkAddress(front.address, { bind: access.bind, port: settings.httpPort });
  log.info({ bind: access.bind, port: front.port, instrumentations: store.records.size }, 'front door open');
  const afterBurst = new AfterBurst(() => front?.counts.requests ?? 0);
  const stopTicking = clock.everySecond(() => {
    config.tick();
    afterBurst.tick();
  });

  process.on('SIGHUP', () => {
    files.reload().then(
      () => {
        config.customersChanged();
        log.info({}, 'tokens and customers read again');
      },
      (error: unknown) => {
        log.error({ reason: messageOf(error) }, 'tokens and customers stay as they were');
      },
    );
  });

  return {
    joined: claim(peer, { url, credentials, routes: keys, host: settings.host, clock, log }),
    async stop() {
      stopTicking();
      // Requests that have arrived are answered, from aggregators too.
      const closing = front?.close().then(() => {
        proxy.close();
      });
      front = undefined;
      // The disk gets the time it needs; clients and the broker do not.
      const ended = within(STOP_MS, Promise.all([closing, peer.close()]), () => undefined);
      await Promise.all([store.flushed(), fleet.flushed(), ended]);
    },
  };
}
