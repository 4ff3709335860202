/* Users of nodes, made and ended at the real broker through its management API. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type ChannelModel } from 'amqplib';
import { routes } from '../../common/wire/route';
import {
  passwordIssuer,
  tokenIssuer,
  type CredentialIssuer,
  type Management,
} from '../../services/config/fleet/enrolment/credentials';
import { TokenSigner } from '../../services/config/fleet/enrolment/token-signer';
import { until } from '../testing/until';
import { startBroker, type PrivateBroker } from './broker';
import { SHARED_USER } from './broker-users';
import { freePorts } from './ports';
import { filesIn } from '../../services/config/state/storage';

jest.setTimeout(120_000);

const keys = routes('');
const ADMIN = { ...SHARED_USER, name: 'boss', tags: ['administrator'] };

let home: string;
let broker: PrivateBroker;
let issuer: CredentialIssuer;
let management: number;
let boss: Management;
const open: ChannelModel[] = [];

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'ca-password-'));
  [management = 0] = await freePorts(1);
  mkdirSync(join(home, 'broker'), { mode: 0o700 });
  broker = await startBroker(join(home, 'broker'), undefined, [ADMIN], {
    plugins: ['rabbitmq_management'],
    conf: [`management.tcp.port = ${management}`, 'management.tcp.ip = 127.0.0.1'],
  });
  const { username, password } = new URL(broker.url);
  boss = { url: `http://${username}:${password}@127.0.0.1:${management}/`, ca: () => undefined };
  issuer = passwordIssuer({
    management: boss,
    routes: keys,
    vhost: '/',
  });
});
afterAll(async () => {
  for (const model of open) await model.close().catch(() => undefined);
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

test('where credentials are tokens, revoking closes the connections of the node, and of no other', async () => {
  const tokens = tokenIssuer({
    signer: await TokenSigner.open(await filesIn(join(home, 'config'))),
    routes: keys,
    audience: 'cloud-analytics',
    vhost: '/',
    lifetimeS: 60,
    now: () => 0,
    management: boss,
  });
  const closed: string[] = [];
  for (const host of ['n4', 'n5']) {
    const { secret } = await issuer.issue(host);
    const model = await enter(host, secret);
    model.on('error', () => undefined);
    model.on('close', () => closed.push(host));
    open.push(model);
  }
  await until('the broker knowing them', 15_000, async () => {
    await tokens.revoke('n4');
    return closed.length > 0 ? true : undefined;
  });
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(closed).toEqual(['n4']);
});

test('a broker that cannot be asked is said to be so, without the administrator’s password', async () => {
  const [nobody = 0] = await freePorts(1);
  for (const url of [
    `http://boss:geheim@127.0.0.1:${nobody}/`,
    `http://boss:geheim@127.0.0.1:${management}/`,
  ]) {
    const other = passwordIssuer({ management: { url, ca: () => undefined }, routes: keys, vhost: '/' });
    const failing = other.issue('n3');
    await expect(failing).rejects.toThrow(/management API cannot make or end users/);
    await expect(failing).rejects.not.toThrow(/geheim/);
  }
});
