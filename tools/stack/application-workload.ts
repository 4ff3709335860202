/*
 * Two applications that know nothing of us, for pictures: a MariaDB server with five tables, and nginx before a Node.js
 * program. In: nothing. Out: both at work, until stop() is called. Their programs are the machine's, or fetched ones.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findMariadb, startMariadb } from '../../services/instrumenter/sources/bpf/testing/private-mariadb';

interface Workload {
  stop(): Promise<void>;
}

const ROWS = 4096;
/** What clients ask, and the pause between two questions of each, in milliseconds. */
const STATEMENTS: readonly (readonly [sql: (n: number) => string, pause: number])[] = [
  [(n) => `SELECT total FROM orders WHERE id = ${n}`, 4],
  [(n) => `UPDATE carts SET total = total + 1 WHERE id = ${n}`, 8],
  [(n) => `SELECT count(*) FROM visits WHERE note LIKE '%${n}%'`, 30],
  [() => 'SELECT * FROM items ORDER BY note LIMIT 10', 40],
  [(n) => `INSERT INTO events (total, note) VALUES (${n}, 'seen')`, 12],
];

export async function queryDatabase(): Promise<Workload> {
  const found = findMariadb();
  if (typeof found === 'string') throw new Error(found);
  const server = await startMariadb(found.program);
  let isOver = false;
  const admin = await server.client();
  const must = async (sql: string): Promise<void> => {
    if (!(await admin.query(sql))) throw new Error(`MariaDB refuses: ${sql}`);
  };
  await must('CREATE DATABASE shop');
  await must('USE shop');
  for (const table of ['orders', 'carts', 'visits', 'items', 'events']) {
    await must(`CREATE TABLE ${table} (id int AUTO_INCREMENT PRIMARY KEY, total int, note text)`);
    await must(`INSERT INTO ${table} (total, note) SELECT seq, repeat(md5(seq), 8) FROM seq_1_to_${ROWS}`);
  }
  const all = STATEMENTS.map(async ([sql, wait]) => {
    const client = await server.client();
    await client.query('USE shop');
    while (!isOver) {
      await client.query(sql(1 + Math.floor(Math.random() * ROWS)));
      await pause(wait * (0.5 + Math.random()));
    }
    await client.close();
  });
  return {
    stop: async () => {
      isOver = true;
      await Promise.all(all);
      await admin.close();
      await server.close();
    },
  };
}

/** Each path takes its own time, and one now and then much more. */
const PROGRAM = `
  const TIMES = { products: 3, cart: 12, search: 45, checkout: 150 };
  const server = require('node:http').createServer((request, answer) => {
    const time = TIMES[request.url.split('/')[1]] ?? 0;
    const more = Math.random() < 0.02 ? 8 : 0.7 + 0.6 * Math.random();
    setTimeout(() => answer.end('{}'), time * more);
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));`;
const PATHS: readonly (readonly [path: () => string, pause: number])[] = [
  [() => `/products/${Math.floor(Math.random() * 1000)}`, 15],
  [() => `/cart/${Math.floor(Math.random() * 1000)}/items`, 25],
  [() => '/search?q=shoes', 60],
  [() => '/checkout', 150],
  [() => '/static/logo.svg', 10],
];

export async function requestPages(): Promise<Workload> {
  const nginx = ['/usr/sbin/nginx', resolve('deps/build/bin/nginx')].find((path) => existsSync(path));
  if (nginx === undefined) throw new Error('there is no nginx: deps/fetch.sh nginx');
  const program = spawn(process.execPath, ['-e', PROGRAM], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(program.stdout, 'data')) as [Buffer];
  const folder = mkdtempSync(join(tmpdir(), 'ca-nginx-'));
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; pid ${folder}/pid; error_log ${folder}/log; worker_processes 1; user root; events {}
     http { access_log off; ${temporary.join(' ')}
       server { listen 127.0.0.1:${port};
         location / { proxy_pass http://127.0.0.1:${line.toString().trim()}; }
         location /static { return 200 'ok'; } } }`,
  );
  const server = spawn(nginx, ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'inherit' });
  await pause(1000);
  let isOver = false;
  const all = PATHS.map(async ([path, wait]) => {
    while (!isOver) {
      await new Promise((done) => {
        get({ port, host: '127.0.0.1', path: path() }, (answer) => answer.resume().on('end', done)).on(
          'error',
          done,
        );
      });
      await pause(wait * (0.5 + Math.random()));
    }
  });
  return {
    stop: async () => {
      isOver = true;
      await Promise.all(all);
      await Promise.all([server, program].map(ended));
      rmSync(folder, { recursive: true });
    },
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill();
  await exited;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
