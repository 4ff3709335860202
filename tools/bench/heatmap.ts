/*
 * Measurement 3: the time for a heatmap, from dataset to PNG. In: seconds to spend. Out: results for 1, 6 and 20 hues
 * and two sizes, compared with the original's pipeline without PNG, and with pngjs' encoding of the same pixels alone.
 */
import { PNG } from 'pngjs';
import { LOG_GRID } from '../../common/model/bucket';
import { toRanges } from '../../common/model/distribution';
import { Dataset } from '../../services/aggregator/dataset/dataset';
import { drawImage, type Image } from '../../services/aggregator/heatmap/image';
import { readHeatmapOptions } from '../../services/aggregator/heatmap/options';
import { Params } from '../../services/aggregator/http/params';
import { humps, xorshift } from './load';
import { OriginalDataset, originalPicture, type Keyed } from './original';
import { result, type Result, type Target } from './result';
import { quantiles, repeat } from './timing';

const SECONDS = 60;
const BUCKETS = 40;
const NBUCKETS = 100;
/** Warm-up rounds: code is compiled while it runs. */
const WARM = 60;
/** Ours and the reference are measured in this many alternating turns. */
const TURNS = 4;

interface Case {
  readonly hues: number;
  readonly width: number;
  readonly height: number;
  /** With a target: compared with the original. */
  readonly targets?: readonly Target[];
}

const CASES: readonly Case[] = [
  { hues: 1, width: 600, height: 300, targets: [{ of: 'value', atMost: 2 }, { of: 'ratio', atMost: 0.5 }] },
  { hues: 6, width: 600, height: 300, targets: [{ of: 'value', atMost: 4 }, { of: 'ratio', atMost: 0.1 }] },
  { hues: 20, width: 600, height: 300 },
  { hues: 1, width: 1800, height: 900 },
  { hues: 6, width: 1800, height: 900 },
  { hues: 20, width: 1800, height: 900 },
]; // prettier-ignore

/** `judged`: only those that have a target. */
export function measureHeatmaps(seconds: number, judged = false): Result[] {
  const cases = CASES.filter(({ targets }) => !judged || targets !== undefined);
  return cases.flatMap((one) => measure(one, (1000 * seconds) / cases.length));
}

function measure({ hues, width, height, targets = [] }: Case, forMs: number): Result[] {
  // One hue is a question without a key; more hues are selected keys and one that is the rest.
  const keys = hues === 1 ? [''] : Array.from({ length: hues }, (_, k) => `key${k}`);
  const { dataset, original, start } = fill(keys);
  const selected = keys.slice(0, hues - 1);
  const parameters = { width, height, nbuckets: NBUCKETS, selected };
  const options = readHeatmapOptions(new Params(new Map<string, unknown>(Object.entries(parameters))));
  const interval = { start, duration: SECONDS, requestedStart: start, requestedDuration: SECONDS };
  const ours = (): Image => drawImage(dataset, interval, options);
  let image = ours();
  for (let round = 0; round < WARM; round++) image = ours();

  const what = `heatmap ${width}×${height}, ${hues} hue${hues === 1 ? '' : 's'}`;
  const max = image.ymax;
  const pixels = PNG.sync.read(image.png);
  const draw = (): unknown =>
    originalPicture(original, { start, seconds: SECONDS, selected, nbuckets: NBUCKETS, width, height, max });
  const judged = targets.length > 0;
  const reference = judged ? draw : (): unknown => PNG.sync.write(pixels);
  reference();
  // In turns, so that other load on the machine slows down both.
  const [times, theirs] = [[] as number[], [] as number[]];
  for (let turn = 0; turn < TURNS; turn++) {
    times.push(...repeat(forMs / TURNS / 2, ours));
    theirs.push(...repeat(forMs / TURNS / 2, reference, 1));
  }
  const { p50, p99 } = quantiles(times);
  const compared = {
    what: judged ? 'the original’s pipeline, no PNG' : 'pngjs encoding the same pixels',
    value: quantiles(theirs).p50,
  };
  const id = `heatmap.${width}.${hues}`;
  return [
    result({ id: `${id}.p50`, what: `${what}, p50`, value: p50, unit: 'ms', reference: compared, targets }),
    result({ id: `${id}.p99`, what: `${what}, p99`, value: p99, unit: 'ms' }),
  ];
}

/** A minute of one distribution for each key, as ours and as the original's. */
function fill(keys: readonly string[]): { dataset: Dataset; original: OriginalDataset; start: number } {
  const start = Math.floor(Date.now() / 1000) - SECONDS;
  const next = xorshift(11);
  const dataset = new Dataset({
    shape: 'keyed-distribution',
    grid: LOG_GRID,
    scope: 'interval',
    granularity: 1,
    retention: 600,
  });
  const original = new OriginalDataset();
  for (let second = start; second < start + SECONDS; second++) {
    const distributions = new Map(keys.map((key) => [key, humps(next, BUCKETS)]));
    dataset.update('node', second, 1, { shape: 'keyed-distribution', distributions }, 0, 1000 * second);
    dataset.tick(1000 * second);
    const value: Keyed = {};
    for (const [key, d] of distributions) value[key] = toRanges(d, LOG_GRID).map(([r, n]) => [[...r], n]);
    original.times.set(second, value);
  }
  return { dataset, original, start };
}
