import fc from 'fast-check';
import { decodeMessage, encodeMessage, fromWire, PROTOCOL_VERSION, toWire, type Message } from './message';
import { decodeData, encodeData, type DataMessage } from './data';
import type { Instrumentation } from '../model/instrumentation';

fc.configureGlobal({ seed: 20_260_125 });

const PING: Message = {
  version: PROTOCOL_VERSION,
  type: 'ping',
  id: '1.1',
  time: 1000,
  host: 'a',
  from: 'ca.tool.a.1',
  body: {},
};

const INSTRUMENTATION: Instrumentation = {
  id: '7',
  module: 'syscall',
  stat: 'syscalls',
  predicate: { kind: 'compare', op: 'gt', field: 'latency', constant: 5 },
  decomposition: ['execname', 'latency'],
  fields: { execname: 'string', latency: 'time' },
  valueScope: 'interval',
  granularity: 1,
  retentionTime: 600,
  idleMax: 3600,
  persistData: false,
  enabled: true,
  crtime: 1,
};

const broken = (change: object): Buffer => Buffer.from(JSON.stringify({ ...PING, ...change }));

test('a message decodes to what was encoded', () => {
  expect(decodeMessage(encodeMessage(PING))).toEqual(PING);
});

test.each([
  ['another version', broken({ version: 9 }), `version must be ${PROTOCOL_VERSION}, not 9`],
  ['an unknown type', broken({ type: 'explode' }), 'type is not known here'],
  ['a type that every object has', broken({ type: 'constructor' }), 'type is not known here'],
  ['no sender', broken({ from: undefined }), 'from is missing'],
  ['a body of another type', broken({ type: 'disable_aggregation' }), 'fqid is missing'],
  ['bytes that are not JSON', Buffer.from([0xff, 0x00]), 'is not JSON'],
])('%s is refused with a reason', (_name, bytes, reason) => {
  expect(() => decodeMessage(bytes)).toThrow(reason);
});

test('an instrumentation decodes to what was encoded, predicate included', () => {
  expect(fromWire(toWire(INSTRUMENTATION))).toEqual(INSTRUMENTATION);
});

test('an instrumentation whose predicate does not fit its fields is refused', () => {
  const wire = { ...toWire(INSTRUMENTATION), predicate: { eq: ['nothing', 1] } };
  expect(() => fromWire(wire)).toThrow('"nothing"');
  expect(() => fromWire({ ...toWire(INSTRUMENTATION), decomposition: ['pid'] })).toThrow('pid');
});

const DATA: DataMessage = {
  node: 'a',
  second: 100,
  duration: 1,
  sent: 101_003,
  reports: [
    { fqid: 'global;1', lost: 0, value: { shape: 'number', number: 3 } },
    { fqid: 'global;2', lost: 2, value: { shape: 'keyed', numbers: new Map([['__proto__', 4]]) } },
    { fqid: 'global;3', lost: 0, value: { shape: 'distribution', distribution: [3, 1, 9, 2] } },
    {
      fqid: 'cust:x;4',
      lost: 0,
      value: { shape: 'keyed-distribution', distributions: new Map([['a"\n', [462, 10]]]) },
    },
  ],
};

test('all four shapes of value decode to what was encoded', () => {
  expect(decodeData(encodeData(DATA))).toEqual(DATA);
});

test('no bytes make the decoders throw anything but an INVALID error', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((b) => Buffer.from(b)),
    fc.json().map((text) => Buffer.from(text)),
    // One byte of a good message changed.
    fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })).map(([at, byte]) => {
      const good = encodeData(DATA);
      good[at % good.length] = byte;
      return good;
    }),
  );
  for (const decode of [decodeMessage, decodeData]) {
    fc.assert(
      fc.property(bytes, (b) => {
        try {
          decode(b);
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID' });
        }
      }),
      { numRuns: 1000 },
    );
  }
});
