/*
 * Measurement 1: how fast values are added into a dataset. In: seconds to spend. Out: results: messages a second of
 * decoded data, and from bytes, next to the original's way (JSON, lists of ranges).
 */
import { LOG_GRID } from '../../common/model/bucket';
import { decodeData, encodeData, type DataMessage } from '../../common/wire/data';
import { toRanges } from '../../common/model/distribution';
import { Dataset } from '../../services/aggregator/dataset/dataset';
import { humps, xorshift } from './load';
import { OriginalDataset } from './original';
import { result, type Result } from './result';

const NODES = 200;
const KEYS = 5;
const BUCKETS = 60;
/** Rates are taken over rounds of all nodes' messages of one second. */
const ROUND_S = 1;

export function measureMerge(seconds: number): Result[] {
  const now = Math.floor(Date.now() / 1000);
  const next = xorshift(7);
  const made: DataMessage[] = Array.from({ length: NODES }, (_, n) => ({
    node: `node${n}`,
    second: now,
    duration: 1,
    sent: now * 1000,
    reports: [
      {
        fqid: 'global;1',
        lost: 0,
        value: {
          shape: 'keyed-distribution',
          distributions: new Map(Array.from({ length: KEYS }, (__, k) => [`key${k}`, humps(next, BUCKETS)])),
        },
      },
    ],
  }));
  const packed = made.map((message) => encodeData(message));
  const messages = packed.map((bytes) => decodeData(bytes));
  const json = messages.map(originalText);

  const ours = newDataset();
  const decoded = rate(seconds, (second) => {
    for (const { node, reports } of messages) {
      const [report] = reports;
      if (report !== undefined) ours.update(node, second, 1, report.value, 0, second * 1000);
    }
    ours.tick(second * 1000);
  });
  const fromBytes = newDataset();
  const whole = rate(seconds, (second) => {
    for (const bytes of packed) {
      const { node, reports } = decodeData(bytes);
      for (const { value } of reports) fromBytes.update(node, second, 1, value, 0, second * 1000);
    }
    fromBytes.tick(second * 1000);
  });
  const original = new OriginalDataset();
  const naive = rate(seconds, (second) => {
    for (const text of json) original.receive(text.replace('0', String(second)));
    original.times.delete(second - 60);
  });
  const reference = { what: 'the original’s way, JSON.parse included', value: naive };
  return [
    result({
      id: 'merge.decoded',
      what: 'merge of decoded data, 5 keys × 60 buckets a message',
      value: decoded,
      unit: 'messages/s',
      reference,
      targets: [{ of: 'ratio', atLeast: 10 }],
    }),
    result({
      id: 'merge.bytes',
      what: 'decoding and merging the same messages',
      value: whole,
      unit: 'messages/s',
      reference,
    }),
  ];
}

function newDataset(): Dataset {
  return new Dataset({
    shape: 'keyed-distribution',
    grid: LOG_GRID,
    scope: 'interval',
    granularity: 1,
    retention: 60,
  });
}

/** The time is 0 here and is written over the first 0 of the text when it is used. */
function originalText({ node, reports }: DataMessage): string {
  const value = reports[0]?.value;
  const distributions =
    value?.shape === 'keyed-distribution' ? value.distributions : new Map<string, number[]>();
  return JSON.stringify({
    time: 0,
    host: node,
    value: Object.fromEntries([...distributions].map(([key, d]) => [key, toRanges(d, LOG_GRID)])),
  });
}

/** Messages per second of CPU time, by rounds of NODES messages, each round a new second. The first tenth is warming up. */
function rate(seconds: number, round: (second: number) => void): number {
  let second = Math.floor(Date.now() / 1000) - 600;
  const warm = performance.now() + 100 * seconds;
  while (performance.now() < warm) round((second += ROUND_S));
  const from = process.cpuUsage();
  const end = performance.now() + 900 * seconds;
  let rounds = 0;
  for (; performance.now() < end; rounds++) round((second += ROUND_S));
  const { user, system } = process.cpuUsage(from);
  return (rounds * NODES * 1e6) / (user + system);
}
