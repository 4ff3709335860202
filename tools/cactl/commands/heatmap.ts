/* `cactl heatmap`: the picture that the server draws, into a file. */
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { CaError, messageOf } from '../../../common/service/errors';
import { parseQuantity } from '../../../common/model/unit';
import type { Command } from '../../cli/command';
import { EXIT, UsageError, type Options } from '../../cli/options';
import { description, drawnFields, instrumentation, instrumentationPath } from '../../cli/system/resources';
import { STRETCH, stretchOf } from '../../cli/system/stretch';

export const heatmap: Command = {
  name: 'heatmap',
  about: 'the heatmap as a PNG file',
  details: [
    'Writes the heatmap that the server draws: the last minute, 600 by 300 pixels, unless told otherwise, with title, axes, ' +
      'units and legend around it. The instrumentation needs a numeric field in its breakdown.',
    'FILE may be - for standard output, or json for the answer with the scale and the keys in it.',
  ],
  arguments: [{ name: 'ID', about: 'which instrumentation', complete: 'instrumentation' }],
  options: [
    {
      name: 'output',
      short: 'o',
      value: 'FILE',
      about: 'where to (default heatmap-ID.png)',
      complete: 'file',
    },
    ...STRETCH,
    { name: 'plain', about: 'the heatmap alone: no title, axes and legend' },
    { name: 'percentiles', value: 'LIST', about: 'lines over it, such as 50,95,99' },
    { name: 'size', value: 'WxH', about: 'pixels of the heatmap itself (default 600x300)' },
    { name: 'buckets', value: 'N', about: 'rows (default 100)' },
    { name: 'min', value: 'VALUE', about: 'lowest value drawn, such as 1ms' },
    { name: 'max', value: 'VALUE', about: 'highest value drawn (default: what the data need)' },
    { name: 'keys', value: 'KEYS', about: 'these keys in colours of their own, with commas' },
    { name: 'isolate', about: 'the keys of --keys and nothing else' },
    { name: 'every-key', about: 'every key in a colour of its own' },
    {
      name: 'shading',
      value: 'KIND',
      about: 'rank (default), linear or log',
      complete: ['rank', 'linear', 'log'],
    },
  ],
  examples: [
    { line: 'cactl heatmap 7 -o slow.png', about: 'The last minute.' },
    {
      line: 'cactl heatmap 7 --since 10m --size 1800x600 --max 100ms -o - | display',
      about: 'Ten minutes, larger, seen at once.',
    },
  ],
  async run({ args, options, session }) {
    const id = args[0] ?? '';
    const path = `${instrumentationPath(id)}/value/heatmap/image`;
    const [i, d] = await Promise.all([instrumentation(session.front, id), description(session.front)]);
    const { numeric } = drawnFields(d, i);
    if (numeric === undefined)
      throw new CaError(
        'INVALID',
        `${id} has no numeric field in its breakdown, so there is nothing to draw; see: cactl value ${id}`,
      );
    const quantity = (name: string): string | undefined => {
      const text = options.get(name);
      return text === undefined ? undefined : String(amountOf(text, name, numeric.type));
    };
    const query = {
      ...sizeOf(options),
      ...stretchOf(options, session.io.clock.now(), 60),
      axes: options.has('plain') ? undefined : 'true',
      percentiles: options.get('percentiles'),
      ...coloursOf(options),
      ymin: quantity('min'),
      ymax: quantity('max'),
      nbuckets: options.get('buckets'),
    };
    const target = options.get('output') ?? `heatmap-${id.replace(/[^\w.-]/g, '-')}.png`;
    if (target === 'json') {
      session.printJson(await session.front.json(path, { query }));
      return EXIT.ok;
    }
    const png = await session.front.bytes(path, { query, accept: 'image/png', extraMs: 5000 });
    if (target === '-') session.io.out(png);
    else {
      await write(target, png);
      session.print([`wrote ${target} (${png.length} bytes)`]);
    }
    return EXIT.ok;
  },
};

async function write(file: string, bytes: Buffer): Promise<void> {
  try {
    await pipeline([bytes], createWriteStream(file));
  } catch (error) {
    throw new CaError('INTERNAL', `${file} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

function amountOf(text: string, name: string, type: Parameters<typeof parseQuantity>[1]): number {
  try {
    return parseQuantity(text, type, `--${name}`);
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

type Query = Readonly<Record<string, string | undefined>>;

function sizeOf(options: Options): Query {
  const size = options.get('size');
  if (size === undefined) return {};
  const match = /^(\d{2,4})x(\d{2,4})$/.exec(size);
  if (match === null) throw new UsageError(`--size must be like 600x300, not ${size}`);
  return { width: match[1], height: match[2] };
}

function coloursOf(options: Options): Query {
  const keys = options.get('keys');
  return {
    // A JSON list, so that a key may have a comma in it? It may not here: the comma parts keys.
    selected: keys === undefined ? undefined : JSON.stringify(keys.split(',')),
    isolate: options.has('isolate') ? 'true' : undefined,
    decompose_all: options.has('every-key') ? 'true' : undefined,
    coloring: options.get('shading'),
  };
}
