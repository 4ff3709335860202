import { collectGarbage } from './collect-garbage';
import { trimMalloc } from './trim-malloc';

const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };

(header.glibcVersionRuntime === undefined ? test.skip : test)(
  'memory that was freed between blocks in use is returned',
  async () => {
    const blocks: (Buffer | undefined)[] = Array.from({ length: 20_000 }, () => Buffer.alloc(4096, 1));
    blocks.forEach((_, i) => i % 100 > 0 && (blocks[i] = undefined));
    collectGarbage();
    await trimMalloc();
    const after = process.memoryUsage().rss;
    // What is in use is untouched.
    expect(blocks.filter((block) => block?.[4095] === 1)).toHaveLength(200);
    // Allocated anew, it is resident again: it was gone.
    const again = Array.from({ length: 20_000 }, () => Buffer.alloc(4096, 1));
    expect(process.memoryUsage().rss).toBeGreaterThan(after + 40 * 2 ** 20);
    expect(again).toHaveLength(20_000);
  },
);
