/*
 * GET /metrics at the front door: this service, and what each aggregator says of itself and of the instrumentations that
 * are exported. In: a scrape. Out: families in the format that it likes best. An aggregator that does not answer in time is
 * missing from it, and ca_aggregator_scraped is 0.
 */
import type { Reply, Request } from '../../../common/http/http';
import { counter, gauge, labelled, type Family } from '../../../common/prometheus/metrics/family';
import { fromFamilyJson } from '../../../common/prometheus/metrics/family-json';
import {
  brokerMetrics,
  certificateMetrics,
  diskMetrics,
  processMetrics,
  type LoopDelay,
  type RequestTimes,
} from '../../../common/prometheus/metrics/own-metrics';
import { MEDIA_TYPES, scrapeReply } from '../../../common/prometheus/metrics/scrape';
import type { DiskRoom } from '../../../common/service/files/disk-room';
import type { Resource } from '../api/resource';
import type { Config } from '../config';
import type { Proxy } from '../door/upstream/proxy';
import type { Bus } from '../fleet/bus';

interface DoorMetrics {
  readonly config: Config;
  readonly proxy: Proxy;
  readonly bus: Bus;
  readonly times: RequestTimes;
  readonly delay: LoopDelay;
  readonly disk: DiskRoom;
  /** Undefined: the front door speaks plain HTTP. */
  readonly certificate: { readonly expires: number | undefined } | undefined;
  /** Milliseconds since 1970. */
  readonly started: number;
}

const ANSWER_BYTES = 32 * 1024 * 1024;

export function metricsResources(door: DoorMetrics): Resource[] {
  return [
    {
      method: 'GET',
      base: '',
      path: '/metrics',
      operatorsOnly: true,
      summary:
        'The health of this service and of all aggregators, and exported instrumentations, for scrapers.',
      answers: { 200: { description: 'In the format that Accept likes best.', contentTypes: MEDIA_TYPES } },
      handle: (request) => scrape(door, request),
    },
  ];
}

async function scrape(door: DoorMetrics, request: Request): Promise<Reply> {
  const of = await Promise.all(
    door.config.members.aggregators.map(async (aggregator) => {
      const { instance } = aggregator;
      try {
        const { status, body } = await door.proxy.ask(
          aggregator,
          '/ca/metrics',
          {},
          request.gone,
          ANSWER_BYTES,
        );
        if (status !== 200) return { instance, families: undefined };
        return { instance, families: fromFamilyJson(JSON.parse(body.toString('utf8'))) };
      } catch {
        return { instance, families: undefined };
      }
    }),
  );
  const families = [
    ...ownFamilies(door),
    ...gauge(
      'ca_aggregator_scraped',
      '1 when the aggregator has answered this scrape.',
      of.map(({ instance, families: its }) => [{ aggregator: instance }, its === undefined ? 0 : 1] as const),
    ),
    ...of.flatMap(({ instance, families: its = [] }) => labelled(its, { aggregator: instance })),
  ];
  return scrapeReply(request.headers.accept, families);
}

function ownFamilies(door: DoorMetrics): Family[] {
  const { config, proxy, bus, times, delay, started } = door;
  const { members, records } = config;
  const inventory = config.inventory.summary;
  const states = new Map<string, number>();
  for (const id of records.keys()) {
    for (const [state, count] of Object.entries(config.reconciler.countsOf(id))) {
      states.set(state, (states.get(state) ?? 0) + count);
    }
  }
  const { forwarded, shared, failed, refused, pending } = proxy.counts;
  const of = <T extends 'running' | 'waiting'>(name: T): (readonly [Record<string, string>, number])[] =>
    proxy.upstreams.map((upstream) => [{ upstream: upstream.address }, upstream[name]]);
  return [
    ...processMetrics('config', started),
    ...delay.families(),
    ...brokerMetrics(bus, started),
    ...diskMetrics(door.disk),
    ...certificateMetrics(door.certificate),
    ...times.families(),
    ...gauge('ca_aggregators_online', 'Aggregators that are there.', members.aggregators.length),
    ...gauge('ca_instrumenters_online', 'Nodes that are there.', members.nodeCount),
    ...gauge('ca_nodes_expected', 'Nodes that joined, or were here, and should be here.', inventory.expected),
    ...gauge('ca_nodes_silent', 'Expected nodes that are not heard of.', inventory.silent),
    ...gauge('ca_nodes_drained', 'Nodes that are out for maintenance.', inventory.drained),
    ...gauge(
      'ca_state_saved',
      '1 while what is asked for can be kept on disk.',
      config.trouble === undefined ? 1 : 0,
    ),
    ...gauge('ca_instrumentations_defined', 'Instrumentations that somebody asked for.', records.size),
    ...gauge(
      'ca_instrumentations_homeless',
      'Instrumentations whose aggregator is not there.',
      config.homes.missing,
    ),
    ...gauge(
      'ca_instrumentation_nodes',
      'How it stands with instrumentations on nodes: pairs of the two, by state.',
      [...states].map(([state, count]) => [{ state }, count] as const),
    ),
    ...gauge('ca_upstream_requests_running', 'Requests that an aggregator is answering.', of('running')),
    ...gauge(
      'ca_upstream_requests_waiting',
      'Requests that wait for a connection to an aggregator.',
      of('waiting'),
    ),
    ...gauge('ca_proxy_requests_pending', 'Requests that were passed on and are not answered.', pending),
    ...counter('ca_proxy_requests', 'Requests that were passed on to aggregators.', forwarded, started),
    ...counter(
      'ca_proxy_requests_shared',
      'Requests that were answered with what another one had asked an aggregator for.',
      shared,
      started,
    ),
    ...counter('ca_proxy_requests_failed', 'Requests that an aggregator did not answer.', failed, started),
    ...counter(
      'ca_proxy_requests_refused',
      'Requests refused because too many waited already.',
      refused,
      started,
    ),
  ];
}
