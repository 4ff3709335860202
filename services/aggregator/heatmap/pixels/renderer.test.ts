import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { transformFileSync } from '@swc/core';
import { costOf, finish, type Finished, type Sketch } from './finish';
import { createRenderer, type Renderer, WAITING, WAITING_BYTES } from './renderer';
import { CELLS } from '../image';

let folder: string;
let renderer: Renderer;

/** A thread runs JavaScript from files: what the build would make of these folders, and nothing else. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ca-render-'));
  const root = join(__dirname, '../../../..');
  const rooms = ['common', ...['dataset', 'disk', 'heatmap'].map((room) => `services/aggregator/${room}`)];
  for (const room of rooms) {
    const names = readdirSync(join(root, room), { recursive: true, encoding: 'utf8' });
    for (const file of names.filter((name) => /(^|\/)[^./]+\.ts$/.test(name))) {
      const { code } = transformFileSync(join(root, room, file), {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'commonjs' },
      });
      mkdirSync(join(folder, room, dirname(file)), { recursive: true });
      writeFileSync(join(folder, room, file.replace(/ts$/, 'js')), code);
    }
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
});
beforeEach(() => (renderer = createRenderer(join(folder, 'services/aggregator/heatmap/pixels/worker.js'))));
afterEach(() => renderer.close());
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function sketch(width: number, layers: number): Sketch {
  const slots = 100;
  const rows = 100;
  return {
    layers: Array.from({ length: layers }, (_, n) =>
      Float64Array.from({ length: slots * rows }, (_v, i) => (i * 7 + n) % 50),
    ),
    hues: Array.from({ length: layers }, (_, n) => 40 * n),
    coloring: 'rank',
    rows,
    height: 500,
    time: { start: 1000, duration: slots, step: 1, width },
    lines: [],
    states: undefined,
    theme: undefined,
    cells: false,
  };
}

test('a large picture is drawn in another thread, and is the same', async () => {
  const large = sketch(2000, 6);
  expect(costOf(large)).toBeGreaterThan(5);
  const expected = finish(sketch(2000, 6)).png;
  expect((await renderer.render(large)).png.equals(expected)).toBe(true);
  // The counts have moved: nothing was copied.
  expect(large.layers[0]).toHaveLength(0);
});

test('a small picture is drawn at once', async () => {
  const small = sketch(300, 1);
  expect((await renderer.render(small)).png.equals(finish(small).png)).toBe(true);
  expect(small.layers[0]).not.toHaveLength(0);
});

test('too many large pictures at a time are refused; the waiting ones are drawn', async () => {
  // One is being drawn.
  const waiting = Array.from({ length: WAITING + 1 }, () => renderer.render(sketch(2000, 6)));
  await expect(renderer.render(sketch(2000, 6))).rejects.toMatchObject({
    code: 'NO_RESOURCE',
    retryAfter: 1,
  });
  expect(new Set((await Promise.all(waiting)).map(({ png }) => png.length)).size).toBe(1);
});

test('the largest pictures are refused before many of them fill the memory; smaller ones still wait', async () => {
  const rows = 100;
  // 16 MB: as many cells as a picture may have.
  const huge = (): Sketch => {
    const slots = CELLS / rows;
    return {
      ...sketch(2000, 1),
      layers: [new Float64Array(CELLS)],
      time: { start: 1000, duration: slots, step: 1, width: 2000 },
    };
  };
  const drawn: Promise<Finished>[] = [renderer.render(huge())]; // one is being drawn
  const room = Math.floor(WAITING_BYTES / (8 * CELLS));
  expect(room).toBeLessThan(WAITING);
  for (let i = 0; i < room; i++) drawn.push(renderer.render(huge()));
  await expect(renderer.render(huge())).rejects.toMatchObject({ code: 'NO_RESOURCE', retryAfter: 1 });
  drawn.push(renderer.render(sketch(2000, 6)));
  expect(await Promise.all(drawn)).toHaveLength(room + 2);
});

test('pictures are drawn in order, and skipped after their clients have gone', async () => {
  const order: number[] = [];
  const clients = Array.from({ length: 8 }, () => new AbortController());
  const pictures = clients.map(({ signal }, i) =>
    renderer.render(sketch(2000, 6), signal).then(
      () => order.push(i),
      (error: unknown) => error,
    ),
  );
  for (const i of [1, 2, 4, 5, 7]) clients[i]?.abort();
  const ends = await Promise.all(pictures);
  expect(order).toEqual([0, 3, 6]);
  expect(renderer.drawn).toBe(3);
  expect(ends[1]).toMatchObject({ code: 'NO_RESOURCE' });
});

test('an error in the thread fails its picture and nothing else', async () => {
  const broken = createRenderer(join(folder, 'no-such-worker.js'));
  await expect(broken.render(sketch(2000, 6))).rejects.toThrow();
  await expect(broken.render(sketch(2000, 6))).rejects.toThrow();
  expect((await broken.render(sketch(300, 1))).png.length).toBeGreaterThan(100);
  await broken.close();
});
