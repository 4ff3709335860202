/* Users of nodes, made and ended at the real broker through its management API. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type ChannelModel } from 'amqplib';
import { routes } from '../../common/wire/route';
import { passwordIssuer, type CredentialIssuer } from '../../services/config/fleet/credentials';
import { until } from '../testing/until';
import { startBroker, type PrivateBroker } from './broker';
import { SHARED_USER } from './broker-users';
import { freePorts } from './ports';

jest.setTimeout(120_000);

const keys = routes('');
const ADMIN = { ...SHARED_USER, name: 'boss', tags: ['administrator'] };

let home: string;
let broker: PrivateBroker;
let issuer: CredentialIssuer;
let management: number;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'ca-password-'));
  [management = 0] = await freePorts(1);
  mkdirSync(join(home, 'broker'), { mode: 0o700 });
  broker = await startBroker(join(home, 'broker'), undefined, [ADMIN], {
    plugins: ['rabbitmq_management'],
    conf: [`management.tcp.port = ${management}`, 'management.tcp.ip = 127.0.0.1'],
  });
  const { username, password } = new URL(broker.url);
  issuer = passwordIssuer({
    management: `http://${username}:${password}@127.0.0.1:${management}/`,
    ca: () => undefined,
    routes: keys,
    vhost: '/',
  });
});
afterAll(async () => {
  await broker?.stop();
  rmSync(home, { recursive: true, force: true });
});

function enter(host: string, password: string): Promise<ChannelModel> {
  return connect(`amqp://node-${host}:${password}@127.0.0.1:${broker.port}/`);
}

test('a node gets a user of its own with the permissions of a node', async () => {
  const { kind, secret } = await issuer.issue('n.1');
  expect([kind, secret]).toEqual(['password', expect.stringMatching(/^[0-9a-f]{64}$/)]);
  const model = await enter('n.1', secret);
  model.on('error', () => undefined);
  const channel = await model.createChannel();
  channel.on('error', () => undefined);
  await channel.assertQueue(keys.instrumenter('n.1'), { durable: false, autoDelete: true });
  await expect(channel.assertQueue(keys.instrumenter('nx1'), { durable: false })).rejects.toThrow(
    /ACCESS.REFUSED/,
  );
  await model.close();
});

test('issued again it is another password; ended, its connections are closed and it opens nothing', async () => {
  const first = await issuer.issue('n2');
  const { secret } = await issuer.issue('n2');
  await expect(enter('n2', first.secret)).rejects.toThrow(/ACCESS.REFUSED/);
  const model = await enter('n2', secret);
  let closed = false;
  model.on('error', () => undefined);
  model.on('close', () => (closed = true));
  // The broker counts connections a moment after they are open.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await issuer.revoke('n2');
  await until('the broker closing its connection', 10_000, () => (closed ? true : undefined));
  await expect(enter('n2', secret)).rejects.toThrow(/ACCESS.REFUSED/);
  await issuer.revoke('n2'); // as good as done
});

test('a broker that cannot be asked is said to be so, without the administrator’s password', async () => {
  const [nobody = 0] = await freePorts(1);
  for (const url of [
    `http://boss:geheim@127.0.0.1:${nobody}/`,
    `http://boss:geheim@127.0.0.1:${management}/`,
  ]) {
    const other = passwordIssuer({ management: url, ca: () => undefined, routes: keys, vhost: '/' });
    const failing = other.issue('n3');
    await expect(failing).rejects.toThrow(/management API cannot make or end users/);
    await expect(failing).rejects.not.toThrow(/geheim/);
  }
});
