/* Tokens of nodes, on the real broker: what one is worth, for how long, and that an open connection takes the next one. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, type ChannelModel } from 'amqplib';
import { scopesOfNode } from '../../common/wire/identity';
import { routes } from '../../common/wire/route';
import { TokenSigner } from '../../services/config/fleet/enrolment/token-signer';
import { startBroker, type PrivateBroker } from './broker';
import { filesIn } from '../../services/config/state/storage';

jest.setTimeout(120_000);

const AUDIENCE = 'cloud-analytics';
const keys = routes('');
const { values, up, down } = keys.exchanges;
const OWN = keys.instrumenter('n.1');

let home: string;
let broker: PrivateBroker;
let signer: TokenSigner;
const open: ChannelModel[] = [];

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'ca-token-'));
  signer = await TokenSigner.open(await filesIn(join(home, 'config')));
  const pem = join(home, 'public.pem');
  writeFileSync(pem, signer.publicPem);
  mkdirSync(join(home, 'broker'), { mode: 0o700 });
  broker = await startBroker(join(home, 'broker'), undefined, undefined, {
    plugins: ['rabbitmq_auth_backend_oauth2'],
    conf: [
      'auth_backends.1 = internal',
      'auth_backends.2 = rabbit_auth_backend_oauth2',
      `auth_oauth2.resource_server_id = ${AUDIENCE}`,
      `auth_oauth2.signing_keys.${signer.id} = ${pem}`,
    ],
  });
  const model = await connect(broker.url);
  const channel = await model.createChannel();
  for (const name of [values, up, down]) await channel.assertExchange(name, 'direct', { durable: false });
  await channel.assertQueue(keys.config, { durable: false });
  await channel.bindQueue(keys.config, up, keys.config);
  open.push(model);
});
afterAll(async () => {
  for (const model of open) await model.close().catch(() => undefined);
  await broker?.stop();
  rmSync(home, { recursive: true, force: true });
});

function token(host: string, lifetimeS = 60, by = signer, audience = AUDIENCE): string {
  return by.sign({
    user: `node-${host}`,
    audience,
    scopes: scopesOfNode(host, keys, { audience, vhost: '/' }),
    now: Math.floor(Date.now() / 1000),
    lifetimeS,
  });
}

async function enter(user: string, password: string): Promise<ChannelModel> {
  const model = await connect({
    protocol: 'amqp',
    hostname: '127.0.0.1',
    port: broker.port,
    username: user,
    password,
  });
  model.on('error', () => undefined);
  open.push(model);
  return model;
}

/** What the broker says to it; undefined: it lets it through. */
async function refusal(
  model: ChannelModel,
  what: (channel: Awaited<ReturnType<ChannelModel['createChannel']>>) => unknown,
): Promise<string | undefined> {
  const channel = await model.createChannel();
  let said: string | undefined;
  channel.on('error', (error: Error) => (said = error.message));
  try {
    await what(channel);
    await channel.checkExchange('amq.direct');
    await channel.close();
  } catch (error) {
    said ??= String(error);
  }
  return said;
}

const body = Buffer.from('x');

test('a token opens what its node needs, under its own name', async () => {
  const model = await enter('node-n.1', token('n.1'));
  expect(
    await refusal(model, async (channel) => {
      await channel.assertQueue(OWN, { durable: false, autoDelete: true });
      await channel.consume(OWN, () => undefined, { noAck: true });
      channel.publish(values, 'k', body, { userId: 'node-n.1' });
      channel.publish(up, keys.config, body, { userId: 'node-n.1' });
    }),
  ).toBeUndefined();
});

test.each<[string, (channel: Awaited<ReturnType<ChannelModel['createChannel']>>) => unknown]>([
  ['reading values', (c) => c.bindQueue(OWN, values, 'k')],
  ['commanding', (c) => c.publish(down, keys.broadcast, body, { userId: 'node-n.1' })],
  ['speaking as another', (c) => c.publish(up, keys.config, body, { userId: 'node-n2' })],
  ['another node’s queue', (c) => c.assertQueue(keys.instrumenter('n2'), { durable: false })],
  ['a name that its dots would match', (c) => c.assertQueue(keys.instrumenter('nx1'), { durable: false })],
  ['the queue of the config service', (c) => c.consume(keys.config, () => undefined)],
  ['deleting an exchange', (c) => c.deleteExchange(values)],
])('a token does not open %s', async (_what, attempt) => {
  const model = await enter('node-n.1', token('n.1'));
  expect(await refusal(model, attempt)).toMatch(/ACCESS.REFUSED|PRECONDITION.FAILED|403|406/);
});

test('a token that is forged, of another audience, expired or another node’s is refused', async () => {
  const stranger = await TokenSigner.open(await filesIn(join(home, 'stranger')));
  const [head = '', , signature = ''] = token('n.1').split('.');
  const claims = Buffer.from(JSON.stringify({ sub: 'node-n2', aud: [AUDIENCE], scope: '', exp: 1e10 }));
  const forged = `${head}.${claims.toString('base64url')}.${signature}`;
  const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${claims.toString('base64url')}.`;
  for (const password of [
    token('n.1', 60, stranger),
    token('n.1', 60, signer, 'another'),
    token('n.1', -5),
    forged,
    none,
    'x',
  ])
    await expect(enter('node-n.1', password)).rejects.toThrow(/ACCESS.REFUSED/);
});

test.each([-30, 30])('clocks that are %d s apart do no harm', async (off) => {
  const scopes = scopesOfNode('n.1', keys, { audience: AUDIENCE, vhost: '/' });
  const now = Math.floor(Date.now() / 1000) + off;
  const password = signer.sign({ user: 'node-n.1', audience: AUDIENCE, scopes, now, lifetimeS: 60 });
  await (await enter('node-n.1', password)).close();
});

test('whoever logs in with it is the user of the token, whatever name is given', async () => {
  const model = await enter('node-n2', token('n.1'));
  const speak = (userId: string) => (c: Awaited<ReturnType<ChannelModel['createChannel']>>) =>
    c.publish(up, keys.config, body, { userId });
  expect(await refusal(model, speak('node-n2'))).toMatch(/PRECONDITION.FAILED|406/);
  expect(await refusal(model, speak('node-n.1'))).toBeUndefined();
});

test('what an open connection may do ends with its token, unless it was given the next one', async () => {
  const [ending, renewed] = [
    await enter('node-n.1', token('n.1', 4)),
    await enter('node-n.1', token('n.1', 4)),
  ];
  const say = async (model: ChannelModel): Promise<string | undefined> =>
    refusal(model, (c) => c.publish(up, keys.config, body, { userId: 'node-n.1' }));
  expect(await say(ending)).toBeUndefined();
  await renewed.updateSecret(Buffer.from(token('n.1', 60)), 'renewed');
  await pause(6000);
  expect(await say(renewed)).toBeUndefined();
  expect(await say(ending)).toMatch(/ACCESS.REFUSED|403|[Cc]losed/);
});
