import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SILENT } from '../../../common/service/log';
import { geolocation } from './geolocation';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'ca-geo-'))));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Data section of the MaxMind DB format 2.0, as far as needed: maps, arrays, strings, doubles, numbers. */
function encode(value: unknown): Buffer {
  const control = (type: number, size: number): Buffer =>
    type > 7 ? Buffer.from([size, type - 7]) : Buffer.from([(type << 5) | size]);
  if (typeof value === 'string') return Buffer.concat([control(2, value.length), Buffer.from(value)]);
  if (typeof value === 'number' && !Number.isInteger(value)) {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    return Buffer.concat([control(3, 8), bytes]);
  }
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return Buffer.concat([control(6, 4), bytes]);
  }
  if (Array.isArray(value)) return Buffer.concat([control(11, value.length), ...value.map(encode)]);
  const entries = Object.entries(value as object);
  return Buffer.concat([control(7, entries.length), ...entries.flatMap(([k, v]) => [encode(k), encode(v)])]);
}

/** A database for IPv4 that knows one network: 192.0.0.0/8. */
function database(record: unknown): Buffer {
  const bits = (192).toString(2).padStart(8, '0');
  const nodes = bits.length;
  const tree = Buffer.alloc(nodes * 6);
  for (let i = 0; i < nodes; i++) {
    const next = i === nodes - 1 ? nodes + 16 : i + 1;
    tree.writeUIntBE(bits[i] === '0' ? next : nodes, 6 * i, 3);
    tree.writeUIntBE(bits[i] === '1' ? next : nodes, 6 * i + 3, 3);
  }
  const metadata = {
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_300_000_000,
    database_type: 'Test',
    description: { en: 'one network' },
    ip_version: 4,
    languages: ['en'],
    node_count: nodes,
    record_size: 24,
  };
  return Buffer.concat([
    tree,
    Buffer.alloc(16),
    encode(record),
    Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'),
    encode(metadata),
  ]);
}

test('addresses are located by the database; other keys are omitted', async () => {
  const file = join(folder, 'places.mmdb');
  const record = {
    country: { iso_code: 'CA', names: { en: 'Canada' } },
    subdivisions: [{ iso_code: 'BC' }],
    city: { names: { en: 'Vancouver' } },
    location: { latitude: 49.25, longitude: -123.125 },
  };
  writeFileSync(file, database(record));
  const geo = await geolocation(file, SILENT);
  expect(Object.fromEntries(await geo!.explain(['192.0.2.1', '10.1.1.1', 'nonsense', ''], 0))).toEqual({
    '192.0.2.1': {
      country_code: 'CA',
      country: 'Canada',
      region: 'BC',
      city: 'Vancouver',
      latitude: 49.25,
      longitude: -123.125,
    },
  });
});

test.each([
  ['there is no such file', undefined],
  ['it is something else', 'no database'],
])('the transformation is not offered when %s, and the log says why', async (_why, content) => {
  const file = join(folder, 'broken.mmdb');
  if (content !== undefined) writeFileSync(file, content);
  const warned: string[] = [];
  const log = { ...SILENT, warn: (_fields: object, text: string) => warned.push(text) };
  expect(await geolocation(file, log)).toBeUndefined();
  expect(warned).toEqual(['no geolocation: CA_GEOIP must name a MaxMind database (.mmdb)']);
});
