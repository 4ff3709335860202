/*
 * How long drawing delays messages and other requests: the longest block of the event loop while a
 * picture is drawn as for requests (in slices, large ones finished in another thread). In: how many pictures.
 * Out: results, next to the same picture drawn in one go.
 */
import { join } from 'node:path';
import { LOG_GRID } from '../../common/model/bucket';
import { Dataset } from '../../services/aggregator/dataset/dataset';
import { drawImage, renderImage } from '../../services/aggregator/heatmap/image';
import { sideOf } from '../../services/aggregator/heatmap/side';
import { Asked } from '../../services/aggregator/ingest/asked';
import { readHeatmapOptions } from '../../services/aggregator/heatmap/options';
import { createRenderer } from '../../services/aggregator/heatmap/pixels/renderer';
import { Params } from '../../services/aggregator/http/params';
import { buildFolder } from '../stack/stack';
import { humps, xorshift } from './load';
import { result, type Result } from './result';
import { quantiles } from './timing';

const KEYS = 20;
const BUCKETS = 40;
/** An hour on a large screen, and the usual minute. */
const CASES = [
  { seconds: 3600, width: 1800, height: 900 },
  { seconds: 60, width: 600, height: 300 },
] as const;
const WARM = 5;

export async function measureDelay(pictures: number): Promise<Result[]> {
  const { dataset, end } = fill();
  const renderer = createRenderer(
    join(buildFolder(), 'services', 'aggregator', 'heatmap', 'pixels', 'worker.js'),
  );
  const results: Result[] = [];
  try {
    for (const { seconds, width, height } of CASES) {
      const parameters = { width, height, selected: ['key1', 'key2', 'key3', 'key4', 'key5'] };
      const options = readHeatmapOptions(new Params(new Map<string, unknown>(Object.entries(parameters))));
      const start = end - seconds;
      const interval = { start, duration: seconds, requestedStart: start, requestedDuration: seconds };
      const asked = new Asked(0, 1);
      const delays: number[] = [];
      const whole: number[] = [];
      for (let i = -WARM; i < pictures; i++) {
        const delay = await longestTurn(() =>
          renderImage(
            { interval, granularity: 1, side: sideOf({ dataset, asked }, interval) },
            options,
            renderer,
          ),
        );
        const from = performance.now();
        drawImage(dataset, interval, options);
        if (i < 0) continue;
        delays.push(delay);
        whole.push(performance.now() - from);
      }
      results.push(
        result({
          id: `delay.${seconds}`,
          what: `longest wait of others while ${seconds} s, ${KEYS} keys, ${width}×${height}, 6 hues are drawn (median of ${pictures})`,
          value: quantiles(delays).p50,
          unit: 'ms',
          reference: { what: 'the same in one go', value: quantiles(whole).p50 },
          targets: [{ of: 'value', atMost: 10 }],
        }),
      );
    }
  } finally {
    await renderer.close();
  }
  return results;
}

/** The longest time between two turns of the event loop during the work, in milliseconds. */
async function longestTurn(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let going = true;
  let last = performance.now();
  const turn = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (going) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  going = false;
  turn();
  return longest;
}

function fill(): { dataset: Dataset; end: number } {
  const seconds = Math.max(...CASES.map((one) => one.seconds));
  const end = Math.floor(Date.now() / 1000);
  const next = xorshift(19);
  const dataset = new Dataset({
    shape: 'keyed-distribution',
    grid: LOG_GRID,
    scope: 'interval',
    granularity: 1,
    retention: seconds + 60,
  });
  for (let second = end - seconds; second < end; second++) {
    const distributions = new Map(Array.from({ length: KEYS }, (_, k) => [`key${k}`, humps(next, BUCKETS)]));
    dataset.update('node', second, 1, { shape: 'keyed-distribution', distributions }, 0, 1000 * second);
    dataset.tick(1000 * second);
  }
  return { dataset, end };
}
