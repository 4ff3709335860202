/*
 * Starts an aggregator: broker, HTTP server, a tick each second. In: the environment (common/service/settings.ts).
 * Out: a process that sends aggregator_online to the config service and shuts down cleanly on SIGTERM or SIGINT.
 */
import { join } from 'node:path';
import type { AggregatorStatus } from '../../common/api/status';
import { cacheOfBytes } from '../../common/service/cache';
import { readBrokerCredentials } from '../../common/wire/broker/broker-credentials';
import { claim } from '../../common/wire/claim';
import { CertificateFiles } from '../../common/http/certificate-files';
import { admitFrontDoor, AGGREGATOR_HEADER, type DoorKeys } from '../../common/http/front-door';
import { HEALTH_PATHS, healthRoutes } from '../../common/http/health';
import { DiskRoom } from '../../common/service/files/disk-room';
import { serve, type HttpServer, type Reply, type Route } from '../../common/http/http';
import { LIMITS } from '../../common/service/limits';
import { readResendItems } from '../../common/wire/message';
import { Peer } from '../../common/wire/peer';
import { routes } from '../../common/wire/route';
import { run, type Host, type Running } from '../../common/service/run';
import { brokerUrl } from '../../common/service/settings';
import { Aggregator } from './aggregator';
import type { Context } from './http/answer';
import { Hindsight } from './disk/hindsight';
import { readHistoryMax } from './disk/history-cap';
import { AnswerBudget } from './http/answer-budget';
import { createRenderer } from './heatmap/pixels/renderer';
import type { Family } from '../../common/prometheus/metrics/family';
import { toFamilyJson } from '../../common/prometheus/metrics/family-json';
import {
  brokerMetrics,
  certificateMetrics,
  diskMetrics,
  LoopDelay,
  processMetrics,
  RequestTimes,
} from '../../common/prometheus/metrics/own-metrics';
import { readPush } from './export/push-settings';
import { WaysOut } from './export/ways-out';
import { aggregatorMetrics } from './http/own-metrics';
import { COLUMNS_BYTES } from './http/columns';
import { valueRoutes } from './http/routes';
import { promqlRoutes } from './promql/routes';
import { geolocation } from './transformations/geolocation';
import { reverseDns } from './transformations/reverse-dns';
import { announce } from './transformations/transformation';

/** One answer. */
const ANSWER_BYTES = 96 * 1024 * 1024;
/** Total size of answers that clients have not received yet. */
const ANSWERS_HELD_BYTES = 256 * 1024 * 1024;
/** Size of the cache of pictures. */
const PICTURES_KEPT_BYTES = 4 * 1024 * 1024;
/** Timeout of a request for missing values. */
const RECALL_ANSWER_MS = 5000;

/** Time for the config service to notice that we leave. */
const GOODBYE_MS = 500;
/** Time for answers in progress and the goodbye; a supervisor kills 2 s after SIGTERM. */
const STOP_MS = 1800;
/** Interval of keep-alives: a silent aggregator is replaced within seconds. */
const ALIVE_EVERY_MS = 1000;
/** Seconds between looks at how full the disk is. */
const LOOK_AT_DISK_S = 5;
/** Number of ports tried from the first one upward. */
const PORTS_TRIED = 200;

async function start({ settings, env, clock, log, panic }: Host): Promise<Running> {
  const keys = routes(settings.amqpPrefix);
  const instance = `${settings.host}-${settings.instance}`;
  const started = clock.now();
  const { bind, address, tls } = settings.aggregator;
  const credentials = await readBrokerCredentials(env, log);
  const certificate =
    tls === undefined
      ? undefined
      : await CertificateFiles.open({
          what: 'the certificate of this aggregator',
          settings: ['CA_AGGREGATOR_CERT', 'CA_AGGREGATOR_KEY'],
          ...tls,
          log,
        });

  const peer = new Peer({
    url: brokerUrl(settings),
    credentials,
    routes: keys,
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
  const disk = new DiskRoom(settings.home);
  void disk.look();
  const hindsight = new Hindsight({
    max: readHistoryMax(env),
    disk,
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
      const answer = await peer.call(keys.instrumenter(node), 'resend', { items }, RECALL_ANSWER_MS);
      return readResendItems(answer['unknown']);
    },
  });
  const status = (): AggregatorStatus => ({
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
  const renderer = createRenderer(join(__dirname, 'heatmap', 'pixels', 'worker.js'));
  const places = settings.geoip === undefined ? undefined : await geolocation(settings.geoip, log);
  const context: Context = {
    aggregator,
    clock,
    renderer,
    transformations: [reverseDns(), ...(places === undefined ? [] : [places])],
    pictures: cacheOfBytes(PICTURES_KEPT_BYTES, ({ bytes }: Reply) => Buffer.byteLength(bytes ?? '')),
    held: new AnswerBudget({ answerBytes: ANSWER_BYTES, allBytes: ANSWERS_HELD_BYTES }),
  };
  const ways = new WaysOut(readPush(env), instance, log);
  const times = new RequestTimes(clock);
  const delay = new LoopDelay(clock);
  const families = (): Family[] => [
    ...processMetrics('aggregator', started),
    ...delay.families(),
    ...brokerMetrics(peer, started),
    ...diskMetrics(disk),
    ...certificateMetrics(certificate),
    ...times.families(),
    ...aggregatorMetrics(aggregator, started),
    ...ways.families(started),
  ];
  // Only the front door is answered here; it formats the families of all aggregators together.
  const metrics: Route = {
    method: 'POST',
    path: '/ca/metrics',
    handle: () => ({ json: toFamilyJson(families()) }),
  };
  const statusRoute: Route = { method: 'GET', path: '/ca/admin/status', handle: () => ({ json: status() }) };
  let doorKeys: DoorKeys | undefined;
  const http = await listen(
    (port) =>
      serve({
        name: 'aggregator',
        routes: [
          ...valueRoutes(context),
          ...promqlRoutes(context),
          statusRoute,
          metrics,
          ...healthRoutes(() => peer.health.reason),
        ],
        host: bind,
        port,
        log,
        observe: times.observe,
        bare: true,
        // The front door sends what a picture is compared with.
        bodyBytes: COLUMNS_BYTES,
        tls: certificate?.current,
        admit: ({ path }, { headers }, outgoing) => {
          if (HEALTH_PATHS.includes(path)) return;
          admitFrontDoor(headers, doorKeys?.secret);
          outgoing.setHeader(AGGREGATOR_HEADER, doorKeys?.proof ?? '');
        },
      }),
    settings.aggregatorPort,
  );
  certificate?.serve(http);
  const sayHello = (): void => {
    peer.tell(keys.config, 'aggregator_online', {
      instance,
      httpHost: address,
      httpPort: http.port,
      tls: tls !== undefined,
      deaf: peer.deaf,
      transformations: announce(context.transformations),
    });
  };

  peer.on('nodes', (body) => {
    aggregator.nodes(body);
    return undefined;
  });
  peer.on('enable_aggregation', async (body) => {
    await aggregator.enable(body);
    return {};
  });
  peer.on('disable_aggregation', async ({ fqid, deleted }) => {
    await aggregator.disable(fqid, deleted ?? false);
    return {};
  });
  peer.on('front_door', (keys) => {
    doorKeys = keys;
    panic.secret(keys.secret);
    panic.secret(keys.proof);
    return undefined;
  });
  peer.on('config_online', () => {
    sayHello();
    return undefined;
  });
  peer.on('status', ({ second }) => (second === undefined ? status() : aggregator.statusOf(second)));
  panic.state('status', status);
  panic.state('broker', () => peer.state);
  panic.listen(peer);
  peer.onValues(
    (message, bytes) => {
      aggregator.receive(message, bytes);
    },
    (fqid) => aggregator.get(fqid) !== undefined,
  );
  const stopTicking = clock.everySecond((second) => {
    delay.tick(second);
    if (second % LOOK_AT_DISK_S === 0) void disk.look();
    aggregator.tick();
    ways.tick(aggregator.all, clock.now());
  });
  const joinBus = async (): Promise<void> => {
    const { host } = settings;
    await claim(peer, { url: brokerUrl(settings), credentials, routes: keys, host, clock, log });
    peer.stayKnown(ALIVE_EVERY_MS, () => {
      const { version } = aggregator.roster;
      return version === undefined ? {} : { nodes: version };
    });
    log.info({ instance, port: http.port }, 'aggregator is up');
  };

  return {
    joined: joinBus(),
    async stop() {
      stopTicking();
      ways.close();
      peer.leave();
      // Messages keep their order: once this is answered, the front door knows, and sends requests elsewhere.
      await peer.call(keys.config, 'ping', {}, GOODBYE_MS).catch(() => undefined);
      await aggregator.close();
      // Answer the requests that have arrived before leaving the bus.
      await http.close();
      await Promise.all([peer.close(), renderer.close()]);
    },
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

run(
  {
    title: 'aggregator',
    name: ({ instance }) => `aggregator-${instance}`,
    start,
    check: (settings, env) => {
      brokerUrl(settings);
      readPush(env);
      readHistoryMax(env);
    },
    stopMs: STOP_MS,
  },
  process,
);
