import { readNetworks, readPlaces } from './networks';

test.each([
  [undefined, ['127.0.0.1', '127.9.9.9', '::1'], ['10.0.0.1', '169.254.169.254', '0.0.0.0', '::', '::2']],
  ['', ['127.0.0.1'], ['10.0.0.1']],
  ['10.77.0.0/24, fd00::/8', ['10.77.0.9', 'fd12::1'], ['10.77.1.1', '127.0.0.1', '::1']],
  ['10.77.0.5', ['10.77.0.5'], ['10.77.0.6']],
])('%p includes these addresses and not those', (text, inside, outside) => {
  const networks = readNetworks(text);
  for (const address of inside) expect([address, networks(address)]).toEqual([address, true]);
  for (const address of outside) expect([address, networks(address)]).toEqual([address, false]);
});

test('a name is not an address', () => {
  for (const name of ['localhost', 'example.com', '127.1', '0x7f000001', '2130706433', '127.0.0.1:80', ''])
    expect([name, readNetworks()(name)]).toEqual([name, false]);
});

test.each(['10.0.0.0/33', 'fd00::/129', 'localhost', '10.0.0.0/8/8', '10.0.0.0/', '10.0.0.0/x', ','])(
  '%p is refused, with an example',
  (text) => {
    expect(() => readNetworks(text)).toThrow('must be networks such as 10.77.0.0/24,fd00::/8');
  },
);

test('an aggregator at another address must have TLS, unless CA_UNENCRYPTED allows plain HTTP', () => {
  const env = { CA_AGGREGATOR_NETWORKS: '10.0.0.0/24' };
  expect(readPlaces(env)('10.0.0.7', true)).toBeUndefined();
  expect(readPlaces(env)('10.0.0.7', false)).toContain('CA_AGGREGATOR_CERT');
  expect(readPlaces(env)('10.0.1.7', true)).toContain('CA_AGGREGATOR_NETWORKS');
  expect(readPlaces({ ...env, CA_UNENCRYPTED: 'aggregators' })('10.0.0.7', false)).toBeUndefined();
  expect(readPlaces({})('127.0.0.1', false)).toBeUndefined();
});
