/*
 * Draws the two pictures of applications that the README shows: queries of MariaDB by table, requests of nginx by path.
 * Counted in this machine's kernel and drawn as an aggregator draws them, without a broker. Needs root. In: a folder,
 * and seconds. Out: tables.png, paths.png. Look at them before committing them.
 *
 * deps/fetch.sh mariadbd nginx && make build && sudo node build/tools/stack/application-pictures.js docs/pictures
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { LOG_GRID } from '../../common/model/bucket';
import { totalOf } from '../../common/model/value';
import { Dataset } from '../../services/aggregator/dataset/dataset';
import { renderImage } from '../../services/aggregator/heatmap/image';
import { readHeatmapOptions } from '../../services/aggregator/heatmap/options';
import { INLINE } from '../../services/aggregator/heatmap/pixels/renderer';
import { sideOf } from '../../services/aggregator/heatmap/side';
import { Params } from '../../services/aggregator/http/params';
import { Asked } from '../../services/aggregator/ingest/asked';
import {
  both,
  instrumentation,
  is,
  openRealKernel,
  type RealKernel,
} from '../../services/instrumenter/sources/bpf/testing/real-kernel';
import { queryDatabase, requestPages } from './application-workload';

const [, , folder = 'docs/pictures', seconds = '90'] = process.argv;
const NGINX = both(is('http_side', 'server'), is('execname', 'nginx'));
const PICTURES = {
  tables: instrumentation('mysql.queries', ['table', 'latency']),
  paths: instrumentation('http.requests', ['http_prefix', 'latency'], NGINX),
};
const LOOK = {
  width: 860,
  height: 320,
  scale: 'log',
  theme: 'light',
  axes: 'true',
  decompose_all: 'true',
  hues: '270,330,110,40,210,0',
};

async function takeAll(kernel: RealKernel): Promise<void> {
  const workloads = [await queryDatabase(), await requestPages()];
  try {
    await kernel.source.look();
    for (const workload of Object.entries(PICTURES)) await take(kernel, ...workload);
  } finally {
    for (const workload of workloads) await workload.stop();
  }
}

async function take(
  kernel: RealKernel,
  name: string,
  about: ReturnType<typeof instrumentation>,
): Promise<void> {
  const duration = Number(seconds);
  const shape = 'keyed-distribution';
  const dataset = new Dataset({ shape, grid: LOG_GRID, scope: 'interval', granularity: 1, retention: 600 });
  const probe = await kernel.source.enable(about);
  const start = Math.ceil(Date.now() / 1000);
  let events = 0;
  for (let second = start; second < start + duration; second++) {
    await pause(1000 * (second + 1) - Date.now());
    probe.flip();
    await kernel.source.settle();
    const { value, lost } = await probe.read();
    events += totalOf(value);
    dataset.update('node', second, 1, value, lost, 1000 * (second + 1));
  }
  probe.close();
  const interval = { start, duration, requestedStart: start, requestedDuration: duration };
  const options = readHeatmapOptions(new Params(new Map<string, unknown>(Object.entries(LOOK))));
  const side = sideOf({ dataset, asked: new Asked(0, 1) }, interval);
  const { png } = await renderImage({ interval, granularity: 1, side, about }, options, INLINE);
  writeFileSync(join(folder, `${name}.png`), png);
  console.log(`${name}.png: ${events} events in ${duration} s`);
}

const kernel = openRealKernel();
if (typeof kernel === 'string') throw new Error(kernel);
takeAll(kernel)
  .finally(() => kernel.source.close())
  .catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
