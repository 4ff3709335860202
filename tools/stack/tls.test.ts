/* TLS between machines: brokers, aggregators and the front door, with an authority of our own. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { get } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { CertificateFiles } from '../../common/http/certificate-files';
import { AGGREGATOR_HEADER } from '../../common/http/front-door';
import { serve, type HttpServer } from '../../common/http/http';
import { SYSTEM_CLOCK } from '../../common/service/clock';
import { SILENT } from '../../common/service/log';
import { readBrokerCredentials } from '../../common/wire/broker/broker-credentials';
import { permissionsOf } from '../../common/wire/identity';
import { Peer } from '../../common/wire/peer';
import { routes } from '../../common/wire/route';
import { aggregatorAuthorities } from '../../services/config/door/operator-files';
import { createProxy, type Proxy } from '../../services/config/door/upstream/proxy';
import { Authority, type Issued } from '../certs/authority';
import { until } from '../testing/until';
import { startBroker, type PrivateBroker } from './broker';
import { freePorts } from './ports';

jest.setTimeout(120_000);

const folder = mkdtempSync(join(tmpdir(), 'ca-tls-'));
const authority = new Authority(join(folder, 'certs'));
const stranger = new Authority(join(folder, 'other'));
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function listening(certificate: Issued, body = 'ok'): Promise<HttpServer> {
  const files = await CertificateFiles.open({
    what: 'a certificate',
    settings: ['CERT', 'KEY'],
    ...certificate,
    log: SILENT,
    everyMs: 20,
  });
  const server = await serve({
    name: 'test',
    host: '127.0.0.1',
    port: 0,
    log: SILENT,
    tls: files.current,
    routes: [
      { method: 'GET', path: '/', handle: () => ({ json: { body } }) },
      { method: 'POST', path: '/', handle: () => ({ json: { body } }) },
      { method: 'GET', path: '/healthz', handle: () => ({ json: {} }) },
    ],
    admit: (_target, _incoming, outgoing: ServerResponse) => {
      outgoing.setHeader(AGGREGATOR_HEADER, 'proof');
    },
  });
  files.serve(server);
  closing.push(
    () => files.close(),
    () => server.close(),
  );
  return server;
}

/** Serial number of the certificate that a new connection is shown. */
function serial(port: number, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, ca, agent: false }, (answer) => {
      answer.resume();
      resolve((answer.socket as TLSSocket).getPeerCertificate().serialNumber);
    }).on('error', reject);
  });
}

test('a certificate that is renewed is used for new connections, without a restart', async () => {
  const { readFileSync } = await import('node:fs');
  const wanted = { name: 'door', names: ['127.0.0.1'] };
  const server = await listening(authority.issue(wanted));
  const ca = readFileSync(authority.caFile, 'utf8');
  const before = await serial(server.port, ca);
  expect(await serial(server.port, ca)).toBe(before);
  authority.issue(wanted);
  await until('the new certificate', 5000, async () =>
    (await serial(server.port, ca)) === before ? undefined : true,
  );
});

/** What the front door gets of an aggregator. */
async function asked(proxy: Proxy, port: number, more: object = {}): Promise<string> {
  const to = { key: 'ca.aggregator.h-0', httpHost: '127.0.0.1', httpPort: port, tls: true, ...more };
  const { body } = await proxy.ask(to, '/', {}, new AbortController().signal, 1000);
  return body.toString();
}

async function frontDoor(caFile: string): Promise<Proxy> {
  const proxy = createProxy({
    keys: () => ({ secret: 'secret', proof: 'proof' }),
    authorities: await aggregatorAuthorities({ CA_AGGREGATOR_CA: caFile }, SILENT),
  });
  closing.push(() => {
    proxy.close();
  });
  return proxy;
}

test('the front door asks aggregators over TLS that prove their address or their host, and nobody else', async () => {
  const byAddress = await listening(authority.issue({ name: 'a', names: ['127.0.0.1'] }));
  const byHost = await listening(authority.issue({ name: 'b', names: ['host-b'] }));
  const proxy = await frontDoor(authority.caFile);
  expect(await asked(proxy, byAddress.port, { host: 'host-a' })).toContain('ok');
  expect(await asked(proxy, byHost.port, { host: 'host-b' })).toContain('ok');
  // The certificate of another aggregator's host, known to the same authority.
  await expect(asked(proxy, byHost.port, { host: 'host-a' })).rejects.toThrow('cannot be reached');
  const forged = await listening(stranger.issue({ name: 'c', names: ['127.0.0.1'] }));
  await expect(asked(proxy, forged.port)).rejects.toThrow('cannot be reached');
  const trustsNobodyOfOurs = createProxy({ keys: () => ({ secret: 'secret', proof: 'proof' }) });
  closing.push(() => {
    trustsNobodyOfOurs.close();
  });
  await expect(asked(trustsNobodyOfOurs, byAddress.port)).rejects.toThrow('cannot be reached');
});

test('a long answer over TLS arrives whole', async () => {
  const body = 'x'.repeat(300_000);
  const server = await listening(authority.issue({ name: 'long', names: ['127.0.0.1'] }), body);
  const proxy = await frontDoor(authority.caFile);
  const to = { key: 'ca.aggregator.h-0', httpHost: '127.0.0.1', httpPort: server.port, tls: true };
  const { body: got } = await proxy.ask(to, '/', {}, new AbortController().signal, 1_000_000);
  expect(JSON.parse(got.toString())).toEqual({ body });
});

describe('a broker that takes TLS alone', () => {
  let broker: PrivateBroker;
  let port: number;
  const keys = routes('');

  beforeAll(async () => {
    [port = 0] = await freePorts(1);
    const server = authority.issue({ name: 'broker', names: ['127.0.0.1'] });
    const home = join(folder, 'broker');
    mkdirSync(home, { mode: 0o700 });
    const permissions = permissionsOf({ role: 'operator' }, keys);
    broker = await startBroker(home, undefined, [{ name: 'operator', permissions }], {
      plugins: ['rabbitmq_auth_mechanism_ssl'],
      conf: [
        `listeners.ssl.1 = 127.0.0.1:${port}`,
        `ssl_options.cacertfile = ${authority.caFile}`,
        `ssl_options.certfile = ${server.certFile}`,
        `ssl_options.keyfile = ${server.keyFile}`,
        'ssl_options.verify = verify_peer',
        'ssl_options.fail_if_no_peer_cert = true',
        'auth_mechanisms.1 = EXTERNAL',
        'auth_mechanisms.2 = PLAIN',
        'ssl_cert_login_from = common_name',
      ],
    });
    // A broker opens its ports one after the other, and startBroker waits for the plain one.
    await until('the port for TLS', 60_000, () => opens(port));
  });
  afterAll(() => broker?.stop());

  const opens = (at: number): Promise<true | undefined> =>
    new Promise((resolve) => {
      const socket = connect({ port: at, host: '127.0.0.1' });
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(undefined));
      socket.once('connect', () => socket.destroy());
    });

  /** Connects as `cactl` does, and hears itself. */
  async function join_(env: Record<string, string>, url: string): Promise<void> {
    const peer = new Peer({
      url,
      credentials: await readBrokerCredentials(env),
      routes: keys,
      host: 'h',
      key: keys.tool('h', 1),
      clock: SYSTEM_CLOCK,
      log: SILENT,
      firstAttempts: 0,
    });
    try {
      await peer.connect();
      await peer.call(peer.key, 'ping', {}, 5000);
    } finally {
      await peer.close();
    }
  }

  const files = ({ certFile, keyFile }: Issued): Record<string, string> => ({
    CA_AMQP_CA: authority.caFile,
    CA_AMQP_CERT: certFile,
    CA_AMQP_KEY: keyFile,
  });

  test('a client certificate is a user by itself (EXTERNAL), and messages bear its name', async () => {
    await join_(files(authority.issue({ name: 'operator' })), `amqps://127.0.0.1:${port}/`);
  });

  test('one of another authority, of another user, or none is refused', async () => {
    const url = `amqps://127.0.0.1:${port}/`;
    await expect(join_(files(stranger.issue({ name: 'operator' })), url)).rejects.toThrow();
    await expect(join_(files(authority.issue({ name: 'config' })), url)).rejects.toThrow();
    await expect(join_({ CA_AMQP_CA: authority.caFile }, url)).rejects.toThrow();
  });

  test('a broker whose certificate is not of the authority, or for another name, is refused', async () => {
    const own = files(authority.issue({ name: 'operator' }));
    await expect(
      join_({ ...own, CA_AMQP_CA: stranger.caFile }, `amqps://127.0.0.1:${port}/`),
    ).rejects.toThrow(/certificate/);
    await expect(join_(own, `amqps://localhost:${port}/`)).rejects.toThrow(/altnames|ECONNREFUSED|ENOTFOUND/);
  });

  test('with a URL that has a user, the certificate goes along and the password counts', async () => {
    const own = files(authority.issue({ name: 'operator' }));
    const url = new URL(broker.urlOf('operator'));
    url.protocol = 'amqps:';
    await join_(own, `amqps://operator:${url.password}@127.0.0.1:${port}/`);
    await expect(join_(own, `amqps://operator:wrong@127.0.0.1:${port}/`)).rejects.toThrow(/ACCESS.REFUSED/);
  });

  test('of a list of brokers, one that is away is passed over', async () => {
    const [nobody = 0] = await freePorts(1);
    const credentials = await readBrokerCredentials(files(authority.issue({ name: 'operator' })));
    const peer = new Peer({
      url: `amqps://127.0.0.1:${nobody}/,amqps://127.0.0.1:${port}/`,
      credentials,
      routes: keys,
      host: 'h',
      key: keys.tool('h', 2),
      clock: SYSTEM_CLOCK,
      log: SILENT,
      firstAttempts: 2,
    });
    await peer.connect();
    expect(peer.connected).toBe(true);
    await peer.close();
  });

  test('credentials that are renewed are those of the next connection', async () => {
    const wanted = { name: 'operator' };
    const own = files(authority.issue(wanted));
    const credentials = await readBrokerCredentials(own, SILENT);
    const [before] = credentials.tls.cert ?? [];
    const list = credentials.tls.cert;
    authority.issue(wanted);
    await until('the new certificate', 10_000, () => (list?.[0] === before ? undefined : true));
    expect(credentials.tls.cert).toBe(list);
  });
});
