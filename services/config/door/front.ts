/*
 * The front door: the API, the page, health. In: the service's parts. Out: a listening HTTP server.
 */
import type { Socket } from 'node:net';
import { healthRoutes } from '../../../common/http/health';
import {
  serve,
  type Admit,
  type HttpServer,
  type Reply,
  type Request,
  type Route,
} from '../../../common/http/http';
import type { CertificateFiles } from '../../../common/http/certificate-files';
import type { Clock } from '../../../common/service/clock';
import type { DiskRoom } from '../../../common/service/files/disk-room';
import type { Log } from '../../../common/service/log';
import type { Bus } from '../fleet/bus';
import type { Config } from '../config';
import { API_VERSION } from './gate';
import { DOCS_STYLE, docsPage } from '../api/docs';
import type { ConfigStatus } from '../../../common/api/status';
import { withMembers } from '../api/members-status';
import { openApi } from '../api/openapi';
import { LoopDelay, RequestTimes } from '../../../common/prometheus/metrics/own-metrics';
import { metricsResources } from '../prometheus/metrics';
import { readApiResources } from '../prometheus/read-api';
import { PAGE_POLICY, pageRoutes } from './pages';
import type { Proxy } from './upstream/proxy';
import { routesOf, type Resource } from '../api/resource';
import { aggregatorResources } from '../api/aggregator-resources';
import { joinResources } from '../api/join-resources';
import { nodeResources } from '../api/node-resources';
import { resources } from '../api/resources';

export interface FrontOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** An inherited socket (inherited.ts). */
  readonly fd?: number | undefined;
  readonly certificate?: CertificateFiles | undefined;
  /** What the state is kept on. */
  readonly disk: DiskRoom;
  readonly gate: Admit;
  readonly log: Log;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly config: Config;
  readonly proxy: Proxy;
  readonly joining: Parameters<typeof joinResources>[0];
  readonly status: () => ConfigStatus;
  /** Where the page was built into. */
  readonly pageFolder: string;
}

/** Seconds between looks at how full the disk is. */
const LOOK_AT_DISK_S = 5;

export async function openFront(options: FrontOptions): Promise<HttpServer> {
  const { host, port, fd, certificate, disk, gate, log, bus, clock, config, proxy, status, pageFolder } =
    options;
  const { enrolment } = options.joining;
  const statusOfAll = (timeoutMs: number): Promise<ConfigStatus> => withMembers(status(), bus, timeoutMs);
  const times = new RequestTimes(clock);
  const delay = new LoopDelay(clock);
  const all = [
    ...resources({ config, proxy, status, statusOfAll }),
    ...nodeResources({
      config,
      ended: (node) => enrolment.end(node),
      checkForgettable: (node) => {
        enrolment.checkForgettable(node);
      },
    }),
    ...aggregatorResources(config),
    ...joinResources(options.joining),
    ...metricsResources({ config, proxy, bus, times, delay, disk, certificate, started: clock.now() }),
    ...readApiResources({ config, proxy, now: () => clock.now() }),
  ];
  void disk.look();
  clock.everySecond((second) => {
    delay.tick(second);
    if (second % LOOK_AT_DISK_S === 0) void disk.look();
  });
  return serve({
    name: 'cloud-analytics',
    host,
    port,
    fd,
    tls: certificate?.current,
    admit: gate,
    observe: times.observe,
    log,
    routes: [
      ...routesOf(all),
      ...descriptionRoutes(all, certificate === undefined ? 'http' : 'https'),
      ...(await pageRoutes(pageFolder)),
      ...healthRoutes(
        () => trouble(bus, config, proxy),
        () => wrongInFleet(config),
      ),
    ],
    headers: {
      'Cache-Control': 'no-store',
      'X-API-Version': API_VERSION,
    },
  });
}

/** The API's description, for programs and for people. */
function descriptionRoutes(all: readonly Resource[], scheme: string): Route[] {
  const document = openApi(all);
  /** Its examples work unchanged: they use the address of the reader's connection. */
  const page = ({ incoming: { socket } }: Request): Reply => ({
    bytes: docsPage(all, `${scheme}://${addressOf(socket)}`),
    contentType: 'text/html; charset=utf-8',
    headers: { 'Content-Security-Policy': PAGE_POLICY },
  });
  const style: Reply = { bytes: DOCS_STYLE, contentType: 'text/css; charset=utf-8' };
  return [
    { method: 'GET', path: '/ca/openapi.json', handle: () => ({ json: document }) },
    { method: 'GET', path: '/ca/docs', handle: page },
    { method: 'GET', path: '/ca/docs/index.html', handle: page },
    { method: 'GET', path: '/ca/docs/docs.css', handle: () => style },
  ];
}

function addressOf({ localAddress = '127.0.0.1', localPort = 0 }: Socket): string {
  const address = localAddress.replace(/^::ffff:/, '');
  return `${address.includes(':') ? `[${address}]` : address}:${localPort}`;
}

/** Without names: monitors ask this without a token. */
function wrongInFleet({ inventory, members, trouble: unsaved }: Config): string | undefined {
  const { expected, silent } = inventory.summary;
  if (silent > 0) return `${silent} of ${expected} expected nodes are silent`;
  if (members.others.all.length > 0) return 'services of another version take no part';
  if (members.aggregators.length === 0) return 'no aggregator is online';
  return unsaved;
}

/** The state is loaded: before that the door does not listen. */
function trouble(bus: Bus, config: Config, proxy: Proxy): string | undefined {
  const { ok, reason } = bus.health;
  if (!ok) return reason ?? 'not ready';
  if (config.homes.missing > 0) return `${config.homes.missing} instrumentations wait for their aggregator`;
  return proxy.saturated ? 'every aggregator has as many requests as it takes' : undefined;
}
