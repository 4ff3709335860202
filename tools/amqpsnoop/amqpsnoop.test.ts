/* amqpsnoop without a broker: patterns, filters, forms and rates. */
import { encodeData, DATA_CONTENT } from '../../common/wire/data';
import { encodeMessage, PROTOCOL_VERSION } from '../../common/wire/message';
import { Options } from '../cli/options';
import { filterOf } from './filter';
import { formatted, hexLines } from './format';
import { observe, type Observed } from './observed';
import { keyMatcher } from './pattern';
import { Top, topLines } from './top';

const AT = Date.UTC(2026, 10, 21, 4, 10, 0, 123);
const data = observe(
  {
    keys: ['ca.instrumentation.global;7'],
    contentType: DATA_CONTENT,
    body: encodeData({
      node: 'n1',
      second: 1000,
      duration: 1,
      sent: 1_001_000,
      reports: [
        { fqid: 'global;7', lost: 0, value: { shape: 'distribution', distribution: [462, 10, 484, 1] } },
        { fqid: 'cust:acme;3', lost: 2, value: { shape: 'keyed', numbers: new Map([['__proto__', 5]]) } },
      ],
    }),
  },
  AT,
);
const control = observe(
  {
    keys: ['ca.config'],
    contentType: 'application/json',
    body: encodeMessage({
      version: PROTOCOL_VERSION,
      type: 'log',
      id: '9.1',
      time: AT,
      host: 'n2',
      from: 'ca.instrumenter.n2',
      body: { text: 'BPF needs root\x1b[2J' },
    }),
  },
  AT,
);
const foreign = observe({ keys: ['ca.config'], contentType: 'text/plain', body: Buffer.from('hello') }, AT);

const matches = (o: Observed, wishes: Record<string, string>): boolean =>
  filterOf(new Options(new Map(Object.entries(wishes))))(o);

test.each([
  ['ca.config', 'ca.config', true],
  ['ca.config', 'ca.config.x', false],
  ['ca.*', 'ca.config', true],
  ['ca.*', 'ca.aggregator.n1', false],
  ['ca.#', 'ca', true],
  ['ca.#', 'ca.aggregator.n1', true],
  ['#.n1', 'ca.instrumenter.n1', true],
  ['*.instrumenter.#', 'ca.instrumenter.db.example.com', true],
  ['#.a.#', 'x.y.z', false],
  ['#', '', true],
])('pattern %s on key %s: %s', (pattern, key, expected) => {
  expect(keyMatcher(pattern)(key)).toBe(expected);
});

test('a pattern of many # is matched in time that is bounded', () => {
  const from = process.cpuUsage(); // CPU time, not the clock: the machine may be busy
  expect(keyMatcher(Array.from({ length: 200 }, () => '#').join('.x.'))('x.'.repeat(2000))).toBe(true);
  expect(process.cpuUsage(from).user / 1000).toBeLessThan(2000);
});

test.each<[Record<string, string>, boolean, boolean]>([
  [{}, true, true],
  [{ type: 'data' }, true, false],
  [{ type: 'log,ping' }, false, true],
  [{ node: 'n1' }, true, false],
  [{ instrumentation: '7' }, true, false],
  [{ instrumentation: 'cust:acme;3' }, true, false],
  [{ key: 'ca.instrumentation.#' }, true, false],
  [{ where: 'type == data && bytes > 10B' }, true, false],
  [{ where: 'lost > 0' }, true, false],
  [{ where: 'lost > 0 && fqid == "global;7"' }, false, false],
  [{ where: 'amount >= 11 && second == 1000' }, true, false],
  [{ where: 'type == log && body.text != ""' }, false, true],
  [{ where: 'from != ""' }, false, true],
  [{ where: 'body.constructor == x || body.constructor.name == x' }, false, false],
  [{ type: 'data', node: 'n2' }, false, false],
])('wishes %j: data %s, control %s', (wishes, ofData, ofControl) => {
  expect(matches(data, wishes)).toBe(ofData);
  expect(matches(control, wishes)).toBe(ofControl);
});

test('one line for people, with the text of strangers made safe', () => {
  expect(formatted(data, 'short', 200)).toEqual([
    `04:10:00.123 data n1 > ca.instrumentation.global;7 ${data.bytes}B second 1000: global;7=11 cust:acme;3=5 (2 lost)`,
  ]);
  expect(formatted(control, 'short', 400)[0]).toBe(
    '04:10:00.123 log ca.instrumenter.n2 > ca.config ' +
      `${control.bytes}B {"text":"BPF needs root\\u001b[2J"}`,
  );
  expect(formatted(foreign, 'short', 200)[0]).toBe(
    '04:10:00.123 unknown ? > ca.config 5B message is not JSON',
  );
});

test('one JSON object a line, values decoded', () => {
  const [line = ''] = formatted(data, 'json', 80);
  expect(JSON.parse(line)).toMatchObject({
    type: 'data',
    host: 'n1',
    data: {
      second: 1000,
      reports: [{ fqid: 'global;7', shape: 'distribution', value: [462, 10, 484, 1] }, { lost: 2 }],
    },
  });
  expect(line).toContain('"value":{"__proto__":5}');
  const [other = ''] = formatted(foreign, 'json', 80);
  expect(JSON.parse(other)).toMatchObject({
    type: 'unknown',
    base64: Buffer.from('hello').toString('base64'),
  });
});

test('bytes look as hexdump -C prints them', () => {
  expect(hexLines(Buffer.from('hello, world\n\x00\xffabcd', 'latin1'))).toEqual([
    '00000000  68 65 6c 6c 6f 2c 20 77  6f 72 6c 64 0a 00 ff 61  |hello, world...a|',
    '00000010  62 63 64                                          |bcd|',
  ]);
});

test('rates are per key and per second, the heaviest first', () => {
  const top = new Top();
  for (let i = 0; i < 4; i++) top.add({ keys: ['a'], bytes: 100 });
  top.add({ keys: ['b', 'c'], bytes: 3000 });
  expect(topLines(top.turn(2), { columns: 60, rows: 24 }).join('\n'))
    .toBe(`MSG/S  BYTES/S     SIZE  TOTAL  KEY
  3.0  3.13KiB  1.04KiB         3 keys
  0.5  1.46KiB  2.93KiB      1  b
  0.5  1.46KiB  2.93KiB      1  c
  2.0     200B     100B      4  a`);
  expect(top.turn(1)[0]).toEqual({ key: 'a', messages: 0, bytes: 0, total: 4 });
});

test('keys without end are counted together beyond the limit', () => {
  const top = new Top();
  for (let i = 0; i < 25_000; i++) top.add({ keys: [`k${i}`], bytes: 1 });
  const rates = top.turn(1);
  expect(rates.length).toBeLessThanOrEqual(20_001);
  expect(rates.find(({ key }) => key === '(other keys)')?.total).toBe(5000);
});
