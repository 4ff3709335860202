/*
 * A private MariaDB server for a test, with data and socket in a folder. In: nothing. Out: clients that speak just
 * enough of its protocol; close() stops it and removes its folder.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** From this file's folder, or from the one that it is compiled to. */
const DEPS = ['../../../../..', '../../../../../..']
  .map((root) => resolve(__dirname, root, 'deps'))
  .find((path) => existsSync(path))!;
const READY = 'ready for connections';
const COMMAND = { quit: 1, query: 3, prepare: 22, execute: 23 } as const;

/** Its program, or a sentence when there is none. */
export function findMariadb(): { readonly program: string } | string {
  const candidates = ['/usr/sbin/mariadbd', '/usr/libexec/mariadbd', join(DEPS, 'build/bin/mariadbd')];
  const program = candidates.find((path) => spawnSync(path, ['--version']).status === 0);
  return program === undefined ? 'there is no MariaDB: deps/fetch.sh mariadbd' : { program };
}

export interface PrivateMariadb {
  readonly pid: number;
  client(): Promise<MariadbClient>;
  close(): Promise<void>;
}

export async function startMariadb(program: string): Promise<PrivateMariadb> {
  const folder = mkdtempSync(join(tmpdir(), 'ca-mariadb-'));
  const data = join(folder, 'data');
  mkdirSync(data);
  const share = program.startsWith(DEPS) ? join(DEPS, 'build/system/usr/share/mysql') : '/usr/share/mysql';
  const socket = join(folder, 's');
  const server = spawn(
    program,
    [
      ...['--no-defaults', '--skip-networking', '--skip-grant-tables', '--skip-log-bin', '--user=root'],
      ...[`--datadir=${data}`, `--socket=${socket}`, `--pid-file=${join(folder, 'pid')}`],
      ...[`--lc-messages-dir=${share}`, `--character-sets-dir=${share}/charsets`],
      ...['--innodb-flush-log-at-trx-commit=0', '--innodb-buffer-pool-size=16M', '--innodb-use-native-aio=0'],
    ],
    { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const close = async (): Promise<void> => {
    if (server.exitCode === null && server.signalCode === null) {
      const exited = once(server, 'exit');
      server.kill('SIGTERM');
      await exited;
    }
    rmSync(folder, { recursive: true });
  };
  try {
    await new Promise<void>((ready, reject) => {
      let log = '';
      server.stderr.on('data', (bytes: Buffer) => {
        log = (log + bytes.toString('latin1')).slice(-10_000);
        if (log.includes(READY)) ready();
      });
      server.once('exit', () => reject(new Error(`the server ended: ${log}`)));
      server.once('error', reject);
    });
  } catch (error) {
    await close();
    throw error;
  }
  return { pid: server.pid ?? -1, client: () => MariadbClient.connect(socket), close };
}

/** One request at a time. */
export class MariadbClient {
  private readonly socket: Socket;
  private received = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes) => {
      this.received = Buffer.concat([this.received, bytes]);
      socket.emit('more');
    });
  }

  static async connect(path: string): Promise<MariadbClient> {
    const client = new MariadbClient(connect(path));
    await client.packet();
    // Protocol 4.1, secure connection, transactions, several statements; no password.
    const hello = Buffer.alloc(32);
    hello.writeUInt32LE(0x0001_a201);
    hello.writeUInt32LE(1 << 24, 4);
    hello[8] = 33;
    client.send(Buffer.concat([hello, Buffer.from('root\0\0', 'latin1')]), 1);
    await client.packet();
    return client;
  }

  /** False when the server says that it failed. */
  query(sql: string): Promise<boolean> {
    return this.ask(COMMAND.query, Buffer.from(sql));
  }

  /** The number by which a statement without parameters is executed. */
  async prepare(sql: string): Promise<number> {
    this.send(Buffer.concat([Buffer.from([COMMAND.prepare]), Buffer.from(sql)]));
    const answer = await this.packet();
    if (answer[0] !== 0) throw new Error(answer.toString('latin1', 9));
    if (answer.readUInt16LE(5) > 0) await this.untilEnd();
    return answer.readUInt32LE(1);
  }

  execute(statement: number): Promise<boolean> {
    const rest = Buffer.alloc(9);
    rest.writeUInt32LE(statement);
    rest.writeUInt32LE(1, 5);
    return this.ask(COMMAND.execute, rest);
  }

  async close(): Promise<void> {
    const closed = once(this.socket, 'close');
    this.send(Buffer.from([COMMAND.quit]));
    await closed;
  }

  private async ask(command: number, rest: Buffer): Promise<boolean> {
    this.send(Buffer.concat([Buffer.from([command]), rest]));
    const first = await this.packet();
    if (first[0] === 0xff) return false;
    if (first[0] === 0) return true;
    await this.untilEnd();
    return this.untilEnd();
  }

  /** Definitions of columns, or rows; false at an error. */
  private async untilEnd(): Promise<boolean> {
    for (;;) {
      const packet = await this.packet();
      if (packet[0] === 0xff) return false;
      if (packet[0] === 0xfe && packet.length < 9) return true;
    }
  }

  private send(body: Buffer, sequence = 0): void {
    const head = Buffer.alloc(4);
    head.writeUIntLE(body.length, 0, 3);
    head[3] = sequence;
    this.socket.write(Buffer.concat([head, body]));
  }

  private async packet(): Promise<Buffer> {
    for (;;) {
      const { received } = this;
      const end = received.length < 4 ? Infinity : 4 + received.readUIntLE(0, 3);
      if (received.length >= end) {
        this.received = received.subarray(end);
        return received.subarray(4, end);
      }
      await once(this.socket, 'more');
    }
  }
}
