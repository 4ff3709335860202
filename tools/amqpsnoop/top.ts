/*
 * Rates and sizes per key. In: messages as they arrive, and the end of each interval. Out: rows, the largest rate first.
 */
import { shortText } from '../../common/model/unit';
import { table } from '../cli/screen/table';
import type { Observed } from './observed';
import { KEYS } from './known';

interface Count {
  messages: number;
  bytes: number;
}

interface KeyRate {
  readonly key: string;
  /** Of the last interval, per second. */
  readonly messages: number;
  readonly bytes: number;
  /** Since the start. */
  readonly total: number;
}

/** Keys beyond the limit are counted together under this name. */
const REST = '(other keys)';

export class Top {
  private readonly totals = new Map<string, Count>();
  private interval = new Map<string, Count>();

  add(o: Pick<Observed, 'keys' | 'bytes'>): void {
    for (const key of o.keys) {
      count(this.totals, key, o.bytes);
      count(this.interval, key, o.bytes);
    }
  }

  /** Ends the interval, which was `seconds` long. */
  turn(seconds: number): KeyRate[] {
    const ended = this.interval;
    this.interval = new Map();
    return [...this.totals]
      .map(([key, total]) => {
        const { messages = 0, bytes = 0 } = ended.get(key) ?? {};
        return { key, messages: messages / seconds, bytes: bytes / seconds, total: total.messages };
      })
      .sort((a, b) => b.bytes - a.bytes || b.total - a.total || (a.key < b.key ? -1 : 1));
  }
}

function count(counts: Map<string, Count>, key: string, bytes: number): void {
  const name = counts.has(key) || counts.size < KEYS ? key : REST;
  const known = counts.get(name) ?? { messages: 0, bytes: 0 };
  known.messages++;
  known.bytes += bytes;
  counts.set(name, known);
}

export function topLines(rates: readonly KeyRate[], size: { columns: number; rows: number }): string[] {
  const all = rates.reduce(
    (sum, r) => ({ messages: sum.messages + r.messages, bytes: sum.bytes + r.bytes }),
    { messages: 0, bytes: 0 },
  );
  const row = (key: string, messages: number, bytes: number, total: string): string[] => [
    messages.toFixed(1),
    shortText(Math.round(bytes), 'size'),
    messages === 0 ? '-' : shortText(Math.round(bytes / messages), 'size'),
    total,
    key,
  ];
  const right = 'right' as const;
  return table(
    [
      { title: 'MSG/S', align: right },
      { title: 'BYTES/S', align: right },
      { title: 'SIZE', align: right },
      { title: 'TOTAL', align: right },
      { title: 'KEY', least: 10 },
    ],
    [
      row(`${rates.length} keys`, all.messages, all.bytes, ''),
      ...rates
        .slice(0, Math.max(1, size.rows - 4))
        .map((r) => row(r.key, r.messages, r.bytes, String(r.total))),
    ],
    size.columns,
  );
}
