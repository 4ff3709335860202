/*
 * Metrics of every service: its process, its event loop, its broker connection, the requests it answers.
 * In: its counters. Out: families; the service adds its own.
 */
import { performance } from 'node:perf_hooks';
import type { Clock } from '../../service/clock';
import type { DiskRoom } from '../../service/files/disk-room';
import { counter, gauge, type Family } from './family';

/** Seconds; the last bucket is +Inf. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Durations in fixed buckets, since the process started. */
class Spans {
  count = 0;
  sum = 0;
  private readonly counts = BOUNDS.map(() => 0);

  add(seconds: number): void {
    this.count++;
    this.sum += seconds;
    const at = BOUNDS.findIndex((bound) => seconds <= bound);
    if (at !== -1) this.counts[at] = (this.counts[at] ?? 0) + 1;
  }

  get value(): { bounds: number[]; cumulative: number[]; count: number; sum: number } {
    let total = 0;
    const cumulative = this.counts.map((count) => (total += count));
    return { bounds: BOUNDS, cumulative, count: this.count, sum: this.sum };
  }
}

/** Durations of requests by route and status. Routes come from the route table, which bounds the number of series. */
export class RequestTimes {
  private readonly spans = new Map<string, { method: string; route: string; status: string; spans: Spans }>();
  private readonly began: number;

  constructor(clock: Clock) {
    this.began = clock.now();
  }

  readonly observe = (method: string, route: string, status: number, seconds: number): void => {
    const key = `${method} ${route} ${status}`;
    let one = this.spans.get(key);
    if (one === undefined) {
      one = { method, route, status: String(status), spans: new Spans() };
      this.spans.set(key, one);
    }
    one.spans.add(seconds);
  };

  families(): Family[] {
    if (this.spans.size === 0) return [];
    return [
      {
        name: 'ca_http_request_duration_seconds',
        type: 'histogram',
        help: 'From the request to the end of its answer.',
        unit: 'seconds',
        metrics: [...this.spans.values()].map(({ method, route, status, spans }) => ({
          labels: new Map([
            ['method', method],
            ['route', route],
            ['status', status],
          ]),
          value: spans.value,
          created: this.began,
        })),
      },
    ];
  }
}

/** Delay of the tick of each second: the time that the event loop was busy. */
export class LoopDelay {
  private readonly spans = new Spans();
  private readonly began: number;
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
    this.began = clock.now();
  }

  tick(second: number): void {
    this.spans.add(Math.max(0, this.clock.now() / 1000 - second));
  }

  families(): Family[] {
    return [
      {
        name: 'ca_event_loop_delay_seconds',
        type: 'histogram',
        help: 'How late the tick of each second came.',
        unit: 'seconds',
        metrics: [{ labels: new Map(), value: this.spans.value, created: this.began }],
      },
      ...gauge(
        'ca_event_loop_utilization_ratio',
        'Share of time that the event loop was busy, since the start.',
        performance.eventLoopUtilization().utilization,
      ),
    ];
  }
}

/** `started`: milliseconds since 1970. */
export function processMetrics(service: string, started: number): Family[] {
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return [
    ...gauge('ca_service_info', 'Which service this is, and what it runs on.', [
      [{ service, node_version: process.version }, 1],
    ]),
    ...gauge('process_start_time_seconds', 'When the process began, in seconds since 1970.', started / 1000),
    ...counter('process_cpu_seconds', 'CPU time of the process.', (user + system) / 1e6, started),
    ...gauge('process_resident_memory_bytes', 'Memory that the process occupies.', rss),
    ...gauge('nodejs_heap_size_used_bytes', 'JavaScript heap in use.', heapUsed),
    ...gauge('nodejs_heap_size_total_bytes', 'JavaScript heap, all of it.', heapTotal),
    ...gauge('nodejs_external_memory_bytes', 'Memory of buffers.', external),
  ];
}

/** Of the file system that the service's state is on. */
export function diskMetrics({ room }: Pick<DiskRoom, 'room'>): Family[] {
  return [
    ...gauge('ca_disk_size_bytes', 'Size of the file system of CA_HOME.', room?.sizeBytes),
    ...gauge('ca_disk_available_bytes', 'What is left of it.', room?.availableBytes),
  ];
}

/** None where the service speaks plain HTTP. */
export function certificateMetrics(
  certificate: { readonly expires: number | undefined } | undefined,
): Family[] {
  const { expires } = certificate ?? {};
  return gauge(
    'ca_certificate_expiry_time_seconds',
    'When the certificate that the service shows ends, in seconds since 1970.',
    expires === undefined ? undefined : expires / 1000,
  );
}

interface BusState {
  readonly health: { readonly ok: boolean; readonly selfPingMs?: number | undefined };
  readonly counts: {
    readonly received: number;
    readonly sent: number;
    readonly malformed: number;
    readonly unroutable: number;
  };
  /** Number of connections made to the broker. */
  readonly connections?: number;
}

export function brokerMetrics({ health, counts, connections }: BusState, started: number): Family[] {
  return [
    ...gauge('ca_broker_connected', '1 while the broker answers.', health.ok ? 1 : 0),
    ...counter(
      'ca_broker_connections',
      'Connections to the broker that were made, the first one too.',
      connections,
      started,
    ),
    ...counter('ca_broker_messages_received', 'Messages that came.', counts.received, started),
    ...counter('ca_broker_messages_sent', 'Messages that went.', counts.sent, started),
    ...counter('ca_broker_messages_malformed', 'Messages that could not be read.', counts.malformed, started),
    ...counter(
      'ca_broker_messages_unroutable',
      'Messages whose addressee was not there.',
      counts.unroutable,
      started,
    ),
  ];
}
