import { decodeMessage, encodeMessage, type Message } from '../../../common/wire/message';
import { FakeSource } from '../testing/fakes';
import { hello } from './hello';
import { openSynthetic } from '../sources/synthetic/source';

test('a node offers the union of what its sources can, and tells them apart', () => {
  const body = hello([
    new FakeSource('proc', [
      { metric: 'disk.physio_ops', fields: ['hostname', 'optype'] },
      { metric: 'cpu.loadavg1', unavailable: 'cannot read /proc/loadavg' },
    ]),
    new FakeSource('bpf', [{ metric: 'disk.physio_ops', fields: ['hostname', 'latency'] }]),
  ]);
  expect(body.offers).toEqual([
    { metric: 'disk.physio_ops', source: 'proc', fields: ['hostname', 'optype'] },
    { metric: 'cpu.loadavg1', source: 'proc', unavailable: 'cannot read /proc/loadavg' },
    { metric: 'disk.physio_ops', source: 'bpf', fields: ['hostname', 'latency'] },
  ]);
  expect(body.metadata.metrics).toMatchObject([{ module: 'disk', stat: 'physio_ops' }]);
  expect(body.metadata.metrics[0]?.fields).toEqual(['hostname', 'optype', 'latency']);
  expect(Object.keys(body.metadata.fields).sort()).toEqual(['hostname', 'latency', 'optype']);
  expect(Object.keys(body.metadata.modules)).toEqual(['disk']);
});

test('what has no description has no words, and is not offered', () => {
  expect(hello([new FakeSource('proc', [{ metric: 'no.such', fields: [] }])]).offers).toEqual([]);
});

test('the whole catalogue passes for a message', () => {
  const source = openSynthetic({
    host: 'n',
    clock: { now: () => 0, everySecond: () => () => undefined },
    seed: 1,
  });
  const message = {
    version: 1,
    type: 'instrumenter_online',
    id: '1',
    time: 0,
    host: 'n',
    from: 'ca.instrumenter.n',
    body: hello([source]),
  } as Message;
  expect(decodeMessage(encodeMessage(message)).body).toEqual(message.body);
});
