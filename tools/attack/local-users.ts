/*
 * Attacks of other users of the machine: at the front door without tokens, and at aggregators' ports.
 */
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { directHeaders } from '../testing/direct';
import { broken, HELD, leftOut, verdict, type Attack } from './attack';
import { asNobody, isRoot, NEEDS_ROOT } from './nobody';
import { raw, rawRequest } from './raw';
import { TOKENS, type System } from './system';

/** Status and text; the connection stays open until the answer. */
async function askAsNobody(
  port: number,
  path: string,
  method = 'GET',
): Promise<{ status: number; text: string }> {
  const script = `fetch('http://127.0.0.1:${port}${path}',{method:'${method}'})
    .then(async r=>console.log(JSON.stringify({status:r.status,text:await r.text()})))`;
  const { out, err } = await asNobody(script);
  if (out === '') throw new Error(err);
  return JSON.parse(out) as { status: number; text: string };
}

const openSystem = (system: System): ReturnType<System['another']> =>
  system.another('open', {
    hosts: ['node-open'],
    env: { CA_TOKENS: '', CA_CUSTOMERS: '', CA_SOURCES: 'synthetic' },
  });

const portOf = (url: string): number => Number(new URL(url).port);

export const attacks: readonly Attack[] = [
  {
    area: 'local',
    name: 'U10: without tokens, another user of the machine is nobody’s operator, and is told why',
    limitMs: 60_000,
    async run(system) {
      const stack = await openSystem(system);
      const own = await fetch(new URL('/ca', stack.url));
      if (own.status !== 200) return broken(`the user who started it gets ${own.status}`);
      if (!isRoot) return NEEDS_ROOT;
      const found: string[] = [];
      for (const path of [
        '/ca',
        '/',
        '/ca/instrumentations',
        '/ca/admin/status',
        '/metrics',
        '/ca/docs',
        '/prometheus/api/v1/labels',
      ]) {
        const { status, text } = await askAsNobody(portOf(stack.url), path);
        if (status !== 403 || !text.includes('CA_TOKENS'))
          found.push(`${path}: ${status} ${text.slice(0, 80)}`);
      }
      for (const path of ['/healthz', '/readyz']) {
        const { status } = await askAsNobody(portOf(stack.url), path);
        if (status !== 200) found.push(`${path}: ${status}`);
      }
      return verdict(found);
    },
  },
  {
    area: 'local',
    name: 'U10: nor is one who closes the connection before it is looked at, or only its half',
    limitMs: 60_000,
    async run(system) {
      if (!isRoot) return NEEDS_ROOT;
      const stack = await openSystem(system);
      const count = async (): Promise<number> =>
        ((await (await fetch(new URL('/ca/instrumentations', stack.url))).json()) as unknown[]).length;
      const before = await count();
      const body = '{"module":"syscall","stat":"syscalls"}';
      const text = `POST /ca/instrumentations HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Type: application/json\\r\\nContent-Length: ${body.length}\\r\\n\\r\\n${body}`;
      for (const then of [
        's.end()',
        's.destroy()',
        's.resetAndDestroy()',
        'process.exit()',
        'process.kill(process.pid,9)',
      ]) {
        const script = `const s=require('net').connect(${portOf(stack.url)},'127.0.0.1',()=>s.write('${text}',()=>{${then}}));s.on('error',()=>{})`;
        await Promise.all(Array.from({ length: 6 }, () => asNobody(script, 3000)));
      }
      await pause(500);
      const after = await count();
      return after === before ? HELD : broken(`${after - before} were created`);
    },
  },
  {
    area: 'local',
    name: 'F3: aggregators’ ports answer nobody without the secret, with tokens in use or not',
    limitMs: 60_000,
    async run(system) {
      const open = await openSystem(system);
      const found: string[] = [];
      for (const stack of [system.stack, open]) {
        for (const { httpPort } of (await stack.status()).aggregators) {
          for (const header of [
            [],
            ['x-ca-front-door: guess'],
            ['x-ca-front-door: '],
            [`Authorization: Bearer ${TOKENS.operator}`],
            ['Connection: x-ca-front-door'],
          ]) {
            for (const path of [
              '/ca/instrumentations/1/value/raw',
              '/ca/admin/status',
              '/metrics',
              '/ca/prometheus',
            ]) {
              const { status } = await rawRequest(httpPort, `GET ${path}`, ['Host: localhost', ...header]);
              if (status !== 403) found.push(`${path} with ${header.join()}: ${status}`);
            }
          }
        }
      }
      return verdict(found);
    },
  },
  {
    area: 'local',
    name: 'one aggregator’s key opens no other',
    async run({ home, stack }) {
      const [one, other] = (await stack.status()).aggregators;
      if (one === undefined || other === undefined) return leftOut('there is one aggregator');
      const headers = Object.entries(directHeaders(home, one)).map((pair) => pair.join(': '));
      const own = await rawRequest(one.httpPort, 'GET /ca/admin/status', ['Host: localhost', ...headers]);
      const theirs = await rawRequest(other.httpPort, 'GET /ca/admin/status', [
        'Host: localhost',
        ...headers,
      ]);
      return own.status === 200 && theirs.status === 403
        ? HELD
        : broken(`${own.status} and ${theirs.status}`);
    },
  },
  {
    area: 'local',
    name: 'who takes the port of an aggregator that has gone says nothing in its name, nor learns what opens the next',
    limitMs: 60_000,
    async run(system) {
      const stack = await system.another('port', {
        aggregators: 1,
        env: { CA_TOKENS: '', CA_CUSTOMERS: '', CA_SOURCES: 'synthetic' },
        hosts: ['node-port'],
      });
      const created = await fetch(new URL('/ca/instrumentations', stack.url), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"module":"syscall","stat":"syscalls"}',
      });
      const { uri } = (await created.json()) as { uri: string };
      const [aggregator] = (await stack.status()).aggregators;
      const [service] = stack.aggregators;
      if (aggregator === undefined || service === undefined) return leftOut('no aggregator is online');
      service.signal('SIGSTOP');
      service.signal('SIGKILL');
      let learned: string | undefined;
      const thief = createServer((request, response) => {
        learned = String(request.headers['x-ca-front-door'] ?? learned);
        response.writeHead(200, {
          'content-type': 'text/html',
          'set-cookie': 'a=b',
          'x-ca-aggregator': 'guess',
        });
        response.end('<script>alert(1)</script>');
      });
      await new Promise<void>((resolve, reject) => {
        thief.once('error', reject);
        const listen = (tries: number): void => {
          thief.removeAllListeners('error');
          thief.once('error', (error) =>
            tries > 0
              ? setTimeout(() => {
                  listen(tries - 1);
                }, 10)
              : reject(error),
          );
          thief.listen(aggregator.httpPort, '127.0.0.1', resolve);
        };
        listen(20);
      }).catch(() => undefined);
      if (!thief.listening) return leftOut('the aggregator was back first');
      try {
        for (let i = 0; i < 10; i++) {
          const answer = await fetch(new URL(`${uri}/value/raw?timeout=0`, stack.url));
          const text = await answer.text();
          if (text.includes('script') || answer.headers.get('set-cookie') !== null)
            return broken(`the door passed on: ${answer.status} ${text.slice(0, 80)}`);
          await pause(200);
        }
        const [now] = (await stack.status()).aggregators;
        if (learned === undefined || now === undefined || now.httpPort === aggregator.httpPort) return HELD;
        const { status } = await rawRequest(now.httpPort, 'GET /ca/admin/status', [
          'Host: localhost',
          `x-ca-front-door: ${learned}`,
        ]);
        return status === 403 ? HELD : broken(`the key that it learned opens the next one: ${status}`);
      } finally {
        thief.closeAllConnections();
        thief.close();
      }
    },
  },
  {
    area: 'local',
    name: 'a thousand connections that say nothing keep nobody waiting',
    limitMs: 30_000,
    async run({ port, ask }) {
      const silent = Array.from({ length: 1000 }, () => raw(port, 'GET /ca HTTP/1.1\r\n', 4000));
      const began = performance.now();
      const { status } = await ask(TOKENS.operator, 'GET', '/ca/instrumentations');
      const ms = performance.now() - began;
      await Promise.all(silent);
      return status === 200 && ms < 3000 ? HELD : broken(`${status} after ${ms.toFixed(0)} ms`);
    },
  },
];
