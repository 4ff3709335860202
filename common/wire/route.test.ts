import { routes } from './route';

test.each(['', 'lab'])('with the prefix %p the key of a message determines its exchange', (prefix) => {
  const keys = routes(prefix);
  const base = prefix === '' ? 'ca' : 'lab.ca';
  for (const key of [keys.config, keys.aggregator('a-0'), keys.tool('h', 1)])
    expect(keys.exchangeOf(key)).toBe(`${base}.up`);
  for (const key of [keys.broadcast, keys.instrumenter('n1'), keys.echo('down', keys.config)])
    expect(keys.exchangeOf(key)).toBe(`${base}.down`);
  for (const key of [keys.instrumentation('global;1'), keys.echo('values', keys.aggregator('a-0'))])
    expect(keys.exchangeOf(key)).toBe(`${base}.values`);
});

test('a host named after a kind of key is only a host', () => {
  const keys = routes('instrumentation');
  expect(keys.exchangeOf(keys.instrumenter('instrumentation.global;1'))).toBe('instrumentation.ca.down');
  expect(keys.exchangeOf(keys.config)).toBe('instrumentation.ca.up');
});

test('no key of an instrumentation, and no host, is one of the keys for messages to oneself', () => {
  const keys = routes('');
  expect(keys.echo('values', keys.aggregator('a-0'))).toBe('ca.instrumentation.echo:aggregator.a-0');
  expect(keys.echo('down', keys.config)).toBe('ca.instrumenter.echo:config');
});
