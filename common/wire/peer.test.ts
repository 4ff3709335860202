import type { BrokerOptions } from './broker/broker';
import { SYSTEM_CLOCK } from '../service/clock';
import { DATA_CONTENT, encodeData } from './data';
import type * as FakeProbes from '../service/testing/fake-probes';
import { fired } from '../service/testing/fake-probes';
import type * as Probes from '../service/probes';
import { SILENT } from '../service/log';
import { CONTROL_CONTENT, encodeMessage, PROTOCOL_VERSION } from './message';
import { Peer } from './peer';
import { routes } from './route';

let receive: BrokerOptions['onMessage'];

jest.mock('./broker/broker', () => ({
  userIn: () => 'ca',
  connectBroker: (options: BrokerOptions) => {
    receive = options.onMessage;
    return Promise.resolve({ connected: true, publish: () => true, close: () => Promise.resolve() });
  },
}));
jest.mock('../service/probes', () => {
  const real = jest.requireActual<typeof Probes>('../service/probes');
  const { watching } = jest.requireActual<typeof FakeProbes>('../service/testing/fake-probes');
  return { ...real, fire: real.fireThrough(watching) };
});

test('each valid message fires message-received, with its sender, type and size', async () => {
  const log = jest.fn();
  const peer = new Peer({
    url: 'amqp://127.0.0.1/',
    routes: routes(''),
    host: 'n1',
    key: 'ca.instrumenter.n1',
    clock: SYSTEM_CLOCK,
    log: { ...SILENT, warn: log },
  });
  await peer.connect();
  const control = encodeMessage({
    version: PROTOCOL_VERSION,
    type: 'ping',
    id: '1.1',
    time: 1,
    host: 'n2',
    from: 'ca.config',
    body: {},
  });
  const values = encodeData({ node: 'n3', second: 1, duration: 1, sent: 1000, reports: [] });
  receive({ body: control, contentType: CONTROL_CONTENT, key: 'k', user: 'ca', type: 'ping' });
  receive({ body: values, contentType: DATA_CONTENT, key: 'k', user: 'ca', type: undefined });
  expect(fired).toEqual([
    ['message-received', 'ca.config', 'ping', control.length],
    ['message-received', 'n3', 'values', values.length],
  ]);
  receive({ body: Buffer.from('{'), contentType: CONTROL_CONTENT, key: 'k', user: 'ca', type: 'ping' });
  expect(fired).toHaveLength(2);
  expect(peer.counts).toMatchObject({ received: 3, malformed: 1 });
  await peer.close();
});
