/*
 * Starts an aggregator: broker, HTTP server, a tick each second. In: the environment (common/service/settings.ts).
 * Out: a process that says aggregator_online to the config service and ends in order on SIGTERM or SIGINT.
 */
import { join } from 'node:path';
import { cacheOfBytes } from '../../common/service/cache';
import { SYSTEM_CLOCK } from '../../common/service/clock';
import { cannotStart } from '../../common/service/cannot-start';
import { claim } from '../../common/wire/claim';
import { admitFrontDoor } from '../../common/service/front-door';
import { HEALTH_PATHS, healthRoutes } from '../../common/service/health';
import { serve, type HttpServer, type Reply, type Route } from '../../common/service/http';
import { LIMITS } from '../../common/service/limits';
import { createLog } from '../../common/service/log';
import { readResendItems } from '../../common/wire/message';
import { Panic } from '../../common/service/panic';
import { Peer } from '../../common/wire/peer';
import { routes } from '../../common/wire/route';
import { brokerUrl, readSettings, type Settings } from '../../common/service/settings';
import { Aggregator } from './aggregator';
import type { Context } from './http/answer';
import { Hindsight } from './disk/hindsight';
import { HeldAnswers } from './http/answer-budget';
import { createRenderer } from './heatmap/renderer';
import { valueRoutes } from './http/routes';
import { geolocation } from './transformations/geolocation';
import { reverseDns } from './transformations/reverse-dns';
import { announce } from './transformations/transformation';

const HOST = '127.0.0.1';
/** For the config service to take notice of our leaving. */
const GOODBYE_MS = 500;
/** Ports tried upward from the first one. */
const PORTS_TRIED = 200;

async function start(settings: Settings, panic: Panic): Promise<() => Promise<void>> {
  const { log } = panic;
  const clock = SYSTEM_CLOCK;
  const keys = routes(settings.amqpPrefix);
  const instance = `${settings.host}-${settings.instance}`;
  const started = clock.now();

  const peer = new Peer({
    url: brokerUrl(settings),
    host: settings.host,
    key: keys.aggregator(instance),
    clock,
    log,
    firstAttempts: 0,
    onUp: () => {
      log.info({}, 'connected to the broker');
      sayHello();
    },
    onDown: (reason) => {
      log.warn({ reason }, 'lost the broker');
    },
  });
  const hindsight = new Hindsight({
    folder: join(settings.home, 'hindsight'),
    writer: `${instance.replace(/[^\w.]/g, '_')}.${process.pid}.${started}`,
    clock,
    log,
  });
  const aggregator = new Aggregator({
    clock,
    log,
    hindsight,
    bind: (fqid) => peer.bind(keys.instrumentation(fqid)),
    unbind: (fqid) => peer.unbind(keys.instrumentation(fqid)),
    time: async (node) => {
      const { time } = await peer.call(keys.instrumenter(node), 'ping', {}, LIMITS.toolAnswerMs);
      return typeof time === 'number' ? time : Promise.reject(new Error('no time in the answer'));
    },
    resend: async (node, items) => {
      const answer = await peer.call(keys.instrumenter(node), 'resend', { items }, LIMITS.recallAnswerMs);
      return readResendItems(answer['unknown']);
    },
  });
  const status = (): Record<string, unknown> => ({
    service: 'aggregator',
    instance,
    started,
    httpPort: http.port,
    pid: process.pid,
    memory: process.memoryUsage(),
    bus: peer.health,
    peer: { ...peer.counts },
    http: { ...http.counts, byStatus: Object.fromEntries(http.counts.byStatus) },
    ...aggregator.status(),
  });
  const renderer = createRenderer(join(__dirname, 'heatmap', 'worker.js'));
  const places = settings.geoip === undefined ? undefined : await geolocation(settings.geoip, log);
  const context: Context = {
    aggregator,
    clock,
    renderer,
    transformations: [reverseDns(), ...(places === undefined ? [] : [places])],
    pictures: cacheOfBytes(LIMITS.picturesKeptBytes, ({ bytes }: Reply) => Buffer.byteLength(bytes ?? '')),
    held: new HeldAnswers({ answerBytes: LIMITS.answerBytes, allBytes: LIMITS.answersHeldBytes }),
  };
  const statusRoute: Route = { method: 'GET', path: '/ca/admin/status', handle: () => ({ json: status() }) };
  let frontDoorSecret: string | undefined;
  const http = await listen(
    (port) =>
      serve({
        name: 'aggregator',
        routes: [...valueRoutes(context), statusRoute, ...healthRoutes(() => peer.health.reason)],
        host: HOST,
        port,
        log,
        admit: (incoming) => {
          if (!HEALTH_PATHS.includes(incoming.url ?? '')) admitFrontDoor(incoming, frontDoorSecret);
        },
      }),
    settings.aggregatorPort,
  );
  const sayHello = (): void => {
    peer.tell(keys.config, 'aggregator_online', {
      instance,
      httpHost: HOST,
      httpPort: http.port,
      transformations: announce(context.transformations),
    });
  };

  peer.on('enable_aggregation', async (body) => {
    await aggregator.enable(body);
    return {};
  });
  peer.on('disable_aggregation', async ({ fqid, deleted }) => {
    await aggregator.disable(fqid, deleted ?? false);
    return {};
  });
  peer.on('front_door', ({ secret }) => {
    frontDoorSecret = secret;
    panic.secret(secret);
    return undefined;
  });
  peer.on('config_online', () => {
    sayHello();
    return undefined;
  });
  peer.on('status', status);
  panic.state('status', status);
  panic.state('broker', () => peer.state);
  panic.listen(peer);
  peer.onValues(
    (message, bytes) => {
      aggregator.receive(message, bytes);
    },
    (fqid) => aggregator.get(fqid) !== undefined,
  );
  const stopTicking = clock.everySecond(() => {
    aggregator.tick();
    peer.tell(keys.config, 'alive', {});
  });
  await claim(peer, { url: brokerUrl(settings), host: settings.host, clock, log });
  await peer.bind(keys.broadcast);
  log.info({ instance, port: http.port }, 'aggregator is up');

  return async () => {
    stopTicking();
    peer.tell(keys.config, 'offline', {});
    // Messages keep their order: with this answered, the front door knows, and asks elsewhere from now on.
    await peer.call(keys.config, 'ping', {}, GOODBYE_MS).catch(() => undefined);
    await aggregator.close();
    // Whoever has asked already gets an answer; the bus stays until then.
    await http.close();
    await Promise.all([peer.close(), renderer.close()]);
  };
}

/** The first free port from `first` on. */
async function listen(open: (port: number) => Promise<HttpServer>, first: number): Promise<HttpServer> {
  for (let port = first; ; port++) {
    try {
      return await open(port);
    } catch (error) {
      const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (!taken || port >= Math.min(first + PORTS_TRIED, 65_535)) throw error;
    }
  }
}

function main(): void {
  const settings = readSettings(process.env);
  const service = `aggregator-${settings.instance}`;
  const log = createLog(service, settings.logLevel);
  const panic = new Panic({ service, settings, env: process.env, clock: SYSTEM_CLOCK, log });
  panic.install();
  const running = start(settings, panic);
  running.catch((error: unknown) => cannotStart('aggregator', error));
  let ending = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (ending) return;
      ending = true;
      // Whatever hangs, the process is gone in time; a broker that is away may never answer.
      setTimeout(() => process.exit(0), 1800).unref();
      void running
        .then((stop) => stop())
        .catch(() => undefined)
        .then(() => process.exit(0));
    });
  }
}

try {
  main();
} catch (error) {
  cannotStart('aggregator', error);
}
