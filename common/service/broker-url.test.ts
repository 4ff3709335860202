import { networkInterfaces } from 'node:os';
import { brokerUrls, checkBrokerUrls, checkEncrypted, userIn, withoutPassword } from './broker-url';
import { readSettings } from './settings';

const check = (text: string): string => checkBrokerUrls('CA_AMQP_URL', text);

test('several brokers of a cluster are a list of whole URLs', () => {
  const list = 'amqps://n:a,b@b1:5671/,amqps://n:x@b2/vhost?heartbeat=9';
  expect(() => check(list)).toThrow('several whole ones');
  const good = list.replace('a,b', 'a%2Cb');
  expect(check(good)).toBe(good);
  expect(brokerUrls(good)).toEqual(['amqps://n:a%2Cb@b1:5671/', 'amqps://n:x@b2/vhost?heartbeat=9']);
  expect(userIn(good)).toBe('n');
});

test.each([
  'amqp://u:p@b1:5672,u:q@b2:5672/',
  'amqp://u:p@b1:5672,b2:5672/',
  'amqp://u:p@b1/,http://b2/',
  'http://b1/',
  'amqp://',
  'amqp://u@b1/,amqp://v@b2/',
])('%s is not a list of brokers, and the error shows no password', (text) => {
  let said = '';
  try {
    check(text);
  } catch (error) {
    said = String(error);
  }
  expect(said).toContain('CA_AMQP_URL must');
  expect(said).not.toContain('u:p');
});

test('passwords of all brokers of a list are masked', () => {
  expect(withoutPassword('amqp://ca:one@b1/,amqp://ca:two@b2/')).toBe('amqp://ca:***@b1/,amqp://ca:***@b2/');
});

const here = Object.values(networkInterfaces())
  .flatMap((of) => of ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

test.each([
  ['amqp://u:p@127.0.0.1/', {}, true],
  ['amqp://u:p@localhost:5/', {}, true],
  ['amqp://u:p@[::1]/', {}, true],
  [`amqp://u:p@${here ?? '127.0.0.2'}/`, {}, true],
  ['amqps://u:p@broker.example/', {}, true],
  ['amqp://u:p@broker.example/', {}, false],
  ['amqp://u:p@192.0.2.7/', {}, false],
  ['amqp://u:p@127.0.0.1.example/', {}, false],
  ['amqps://u:p@b1/,amqp://u:p@b2/', {}, false],
  ['amqp://u:p@broker.example/', { CA_UNENCRYPTED: 'aggregators' }, false],
  ['amqp://u:p@broker.example/', { CA_UNENCRYPTED: 'aggregators, broker' }, true],
])('%s with %j: a plain connection to another machine needs CA_UNENCRYPTED', (url, env, good) => {
  const checked = (): void => checkEncrypted('CA_AMQP_URL', url, env);
  if (good) expect(checked).not.toThrow();
  else expect(checked).toThrow(/CA_AMQP_URL: .* is another machine.*CA_UNENCRYPTED=broker/);
  const settings = (): unknown => readSettings({ ...env, CA_AMQP_URL: url });
  if (good) expect(settings).not.toThrow();
  else expect(settings).toThrow('another machine');
});

test('an unknown word in CA_UNENCRYPTED is an error', () => {
  expect(() => {
    checkEncrypted('CA_AMQP_URL', 'amqp://127.0.0.1/', { CA_UNENCRYPTED: 'yes' });
  }).toThrow('CA_UNENCRYPTED must be broker, aggregators or both');
});

test('an aggregator at another address needs a certificate, or CA_UNENCRYPTED', () => {
  const env = { CA_AGGREGATOR_BIND: '10.0.0.1' };
  expect(() => readSettings(env)).toThrow('CA_AGGREGATOR_CERT');
  expect(() => readSettings({ ...env, CA_AGGREGATOR_CERT: '/c' })).toThrow('CA_AGGREGATOR_KEY');
  expect(readSettings({ ...env, CA_UNENCRYPTED: 'aggregators' }).aggregator.tls).toBeUndefined();
  const tls = { CA_AGGREGATOR_CERT: '/c', CA_AGGREGATOR_KEY: '/k' };
  expect(readSettings({ ...env, ...tls }).aggregator.tls).toEqual({ certFile: '/c', keyFile: '/k' });
});
