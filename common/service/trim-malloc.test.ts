import { collectGarbage } from './collect-garbage';
import { trimMalloc } from './trim-malloc';

const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };

(header.glibcVersionRuntime === undefined ? test.skip : test)(
  'memory that was freed between blocks in use is returned',
  async () => {
    // Other memory of the process comes and goes meanwhile, which may hide it; without the call nothing is seen.
    let seen = 0;
    for (let attempt = 0; attempt < 5 && seen < 40 * 2 ** 20; attempt++) seen = await returned();
    expect(seen).toBeGreaterThan(40 * 2 ** 20);
  },
);

/** Bytes that are resident again when what was freed is allocated anew: they were gone. */
async function returned(): Promise<number> {
  const blocks: (Buffer | undefined)[] = Array.from({ length: 20_000 }, () => Buffer.alloc(4096, 1));
  blocks.forEach((_, i) => i % 100 > 0 && (blocks[i] = undefined));
  collectGarbage();
  await trimMalloc();
  const after = process.memoryUsage().rss;
  // What is in use is untouched.
  expect(blocks.filter((block) => block?.[4095] === 1)).toHaveLength(200);
  const again = Array.from({ length: 20_000 }, () => Buffer.alloc(4096, 1));
  const { rss } = process.memoryUsage();
  expect(again).toHaveLength(20_000);
  return rss - after;
}
