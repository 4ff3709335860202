/* An aggregator's own metrics in /metrics. In: its counters. Out: families. */
import { counter, gauge, type Family } from '../../../common/prometheus/metrics/family';
import type { Aggregator } from '../aggregator';
import type { Owned } from '../owned';

/** `since`: milliseconds since 1970 when counting began. Counts of instrumentations that are gone go on counting. */
export function aggregatorMetrics(aggregator: Aggregator, since: number): Family[] {
  const { clocks, counts, history, recalled } = aggregator;
  const owned = [...aggregator.all];
  const sum = (of: (one: Owned) => number): number => owned.reduce((total, one) => total + of(one), 0);
  return [
    ...gauge('ca_instrumentations', 'Instrumentations that are kept here.', owned.length),
    ...gauge(
      'ca_dataset_bytes',
      'Memory that their values occupy, about.',
      sum(({ dataset }) => dataset.bytes),
    ),
    ...gauge(
      'ca_dataset_slots',
      'Seconds, or longer points, that are kept.',
      sum(({ dataset }) => dataset.slotCount),
    ),
    ...gauge(
      'ca_waiting_requests',
      'Requests that wait for nodes to report.',
      sum(({ waiting }) => waiting.size),
    ),
    ...counter('ca_data_messages', 'Messages with values.', counts.messages, since),
    ...counter('ca_data_received_bytes', 'Bytes of them.', counts.bytes, since),
    ...counter(
      'ca_reports',
      'Values of one node for one instrumentation, by what became of them.',
      [
        ...(['added', 'duplicate', 'future', 'tooOld', 'tooMany', 'malformed'] as const).map(
          (outcome) => [{ outcome }, aggregator.countOf(outcome)] as const,
        ),
        [{ outcome: 'unknown' }, counts.unknown],
      ],
      since,
    ),
    ...counter(
      'ca_reports_late',
      'Values that came late, and were added all the same.',
      aggregator.countOf('late'),
      since,
    ),
    ...counter(
      'ca_events_lost',
      'Events that nodes know to be missing from their values.',
      aggregator.countOf('lost'),
      since,
    ),
    ...counter(
      'ca_slots_given_up',
      'Points dropped before their time, because there was no memory for them.',
      aggregator.countOf('givenUp'),
      since,
    ),
    ...counter(
      'ca_recalls',
      'Values that had not come and were asked for again, by what became of them.',
      Object.entries(recalled).map(([outcome, count]) => [{ outcome }, count] as const),
      since,
    ),
    ...gauge(
      'ca_nodes_clock_off',
      'Nodes whose clock is off by so much that their values are moved to the right second.',
      clocks.off.filter(({ shiftSeconds }) => shiftSeconds !== 0).length,
    ),
    ...gauge(
      'ca_history_written',
      '1 while values of instrumentations with persist-data can be written to disk.',
      history === undefined ? undefined : Number(history.ok),
    ),
    ...gauge('ca_history_bytes', 'All histories of the host of this aggregator, on disk.', history?.bytes),
    ...gauge('ca_history_max_bytes', 'Beyond it the oldest history is deleted.', history?.bytesMax),
    ...counter(
      'ca_history_files_given_up',
      'Files with values that were deleted before their time, to make room.',
      history?.givenUp,
      since,
    ),
  ];
}
