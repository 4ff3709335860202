/* What a node says of itself, where CA_METRICS_PORT opens /metrics. In: its counts. Out: families, served on loopback. */
import { counter, gauge, type Family } from '../../../common/prometheus/metrics/family';
import { serveMetrics } from '../../../common/prometheus/metrics/metrics-server';
import { brokerMetrics, LoopDelay, processMetrics } from '../../../common/prometheus/metrics/own-metrics';
import type { Clock } from '../../../common/service/clock';
import type { Log } from '../../../common/service/log';
import type { Peer } from '../../../common/wire/peer';
import type { Instrumenter } from './instrumenter';
import type { Outbox } from './outbox';

interface Node {
  readonly peer: Peer;
  readonly instrumenter: Instrumenter;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
  readonly started: number;
}

export function serveNodeMetrics(port: number, node: Node): void {
  const delay = new LoopDelay(node.clock);
  node.clock.everySecond((second) => {
    delay.tick(second);
  });
  serveMetrics(port, () => [...delay.families(), ...nodeMetrics(node)], node.log);
}

function nodeMetrics({ peer, instrumenter, outbox, started }: Node): Family[] {
  const { ticks, ticksMissed, enables, disables } = instrumenter.counts;
  const { sent, lost, resent } = outbox.counts;
  return [
    ...processMetrics('instrumenter', started),
    ...brokerMetrics(peer, started),
    ...gauge('ca_instrumentations', 'Instrumentations that are gathered here.', instrumenter.rows().length),
    ...gauge('ca_reports_queued', 'Values that wait for the broker.', outbox.queued),
    ...counter('ca_reports_sent', 'Values that were sent.', sent, started),
    ...counter('ca_reports_lost', 'Values given up: too many waited, or for too long.', lost, started),
    ...counter('ca_reports_resent', 'Values that an aggregator asked for again.', resent, started),
    ...counter('ca_ticks', 'Seconds for which values were read.', ticks, started),
    ...counter(
      'ca_ticks_missed',
      'Seconds for which they were not: the one before took too long.',
      ticksMissed,
      started,
    ),
    ...counter('ca_instrumentation_enables', 'Instrumentations that were enabled.', enables, started),
    ...counter('ca_instrumentation_disables', 'Instrumentations that were disabled.', disables, started),
  ];
}
