import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalUsers } from './local-users';
import { bytesOfAddress, SocketDiag } from './socket-diag';

const LINUX = process.platform === 'linux';
const ROOT = process.getuid?.() === 0;
const NOBODY = 65_534;
const own = process.getuid?.() ?? 0;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ca-sockets-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const CONNECTION = {
  remoteAddress: '127.0.0.1',
  remotePort: 0xa4d2,
  localAddress: '127.0.0.1',
  localPort: 0x5a8d,
};
const HEADER =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const line = (addresses: string, uid: number, inode: number): string =>
  `   0: ${addresses} 01 00000000:00000000 00:00000000 00000000 ${String(uid).padStart(5)}        0 ${inode} 1 00 20 4 0 10 -1\n`;
const THEIRS = '0100007F:A4D2 0100007F:5A8D';
const OURS = '0100007F:5A8D 0100007F:A4D2';

function table(...lines: readonly string[]): string {
  const file = join(folder, `table-${Math.random()}`);
  writeFileSync(file, HEADER + lines.join(''));
  return file;
}

const asking = (allowed: readonly number[], ...lines: readonly string[]): Promise<void> =>
  new LocalUsers(new Set(allowed), undefined, [table(...lines)]).admit(CONNECTION) ?? Promise.resolve();

test.each([
  ['127.0.0.1', '7f000001'],
  ['::ffff:10.1.2.3', '0a010203'],
  ['::1', '00000000000000000000000000000001'],
  ['2001:db8::beef', '20010db800000000000000000000beef'],
  ['fe80::1:2', 'fe800000000000000000000000010002'],
])('%s is %s', (address, hex) => {
  expect(Buffer.from(bytesOfAddress(address) ?? []).toString('hex')).toBe(hex);
});

describe('by the table', () => {
  test('the owner of the client’s end counts, not of ours', async () => {
    await asking([1000], line(OURS, 0, 5), line(THEIRS, 1000, 6));
    await expect(asking([1000], line(OURS, 1000, 5), line(THEIRS, 1001, 6))).rejects.toThrow('uid 1001');
    await expect(asking([1000], line(OURS, 1000, 5))).rejects.toThrow('no user of this machine');
  });

  test('a socket closed by its process has no owner: the kernel then reports root', async () => {
    await expect(asking([0], line(THEIRS, 0, 0))).rejects.toThrow('closed it already');
  });

  test('lines that are not socket entries are skipped', async () => {
    await asking([7], 'nonsense\n', '\n', '   1: \n', line(THEIRS, 7, 1));
  });

  test('an entry across the end of a chunk is found', async () => {
    const others = Array.from({ length: 3000 }, (_, i) =>
      line(`0100007F:${(i + 1).toString(16).toUpperCase().padStart(4, '0')} 0100007F:0001`, 1, 9),
    );
    for (let shift = 0; shift < 200; shift += 7) {
      await asking([7], ' '.repeat(shift) + '\n', ...others, line(THEIRS, 7, 1));
    }
  });

  test('an endless table is not read to its end', async () => {
    const users = new LocalUsers(new Set([0]), undefined, ['/dev/zero']);
    await expect(users.admit(CONNECTION)).rejects.toThrow('no user of this machine');
  });

  test('a system that reports no owner admits no one, and is asked again', async () => {
    const users = new LocalUsers(new Set([0]), undefined, [folder]);
    await expect(users.admit(CONNECTION)).rejects.toThrow('does not tell');
    await expect(users.admit(CONNECTION)).rejects.toThrow('does not tell');
  });

  test('both forms of an address of IPv4 are known, and those of IPv6', async () => {
    const mapped = '0000000000000000FFFF00000100007F:A4D2 0000000000000000FFFF00000100007F:5A8D';
    await asking([7], line(mapped, 7, 1));
    const loopback = '00000000000000000000000001000000';
    const users = new LocalUsers(new Set([7]), undefined, [
      table(line(`${loopback}:A4D2 ${loopback}:5A8D`, 7, 1)),
    ]);
    await users.admit({ ...CONNECTION, remoteAddress: '::1', localAddress: '::1' });
    const global = 'B80D01200000000000000000EFBE0000';
    const other = new LocalUsers(new Set([7]), undefined, [
      table(line(`${global}:A4D2 ${global}:5A8D`, 7, 1)),
    ]);
    await other.admit({ ...CONNECTION, remoteAddress: '2001:db8::beef', localAddress: '2001:db8::beef' });
  });
});

(LINUX ? describe.each(['sock_diag', 'the table']) : describe.skip.each(['']))(
  'on this machine, by %s',
  (way) => {
    const usersOf = async (allowed: number): Promise<LocalUsers> =>
      way === 'sock_diag'
        ? new LocalUsers(new Set([allowed]), await SocketDiag.open(), [])
        : new LocalUsers(new Set([allowed]));
    let server: Server;
    let accepted: Socket[];
    beforeEach(async () => {
      accepted = [];
      server = createServer((socket) => {
        socket.on('error', () => undefined);
        accepted.push(socket);
      });
      await new Promise<void>((resolve) => server.listen(0, '::', resolve));
    });
    afterEach(() => {
      for (const socket of accepted) socket.destroy();
      server.close();
    });

    const next = async (): Promise<Socket> => {
      for (;;) {
        const socket = accepted.shift();
        if (socket !== undefined) return socket;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };

    test.each(['127.0.0.1', '::1', '127.8.9.1'])(
      'our connection to %s is recognized, with one look-up',
      async (host) => {
        const client = connect((server.address() as AddressInfo).port, host);
        const users = await usersOf(own);
        const socket = await next();
        await users.admit(socket);
        expect(users.admit(socket)).toBeUndefined();
        client.destroy();
      },
    );

    test('100 concurrent connections are distinguished from closed ones', async () => {
      const { port } = server.address() as AddressInfo;
      const users = await usersOf(own);
      const clients = Array.from({ length: 100 }, () => connect(port, '127.0.0.1'));
      const sockets = await Promise.all(clients.map(next));
      await Promise.all(sockets.map(async (socket) => users.admit(socket)));
      for (const client of clients) client.destroy();
      const gone = connect(port, '127.0.0.1');
      const socket = await next();
      gone.destroy();
      await new Promise((resolve) => gone.once('close', resolve));
      // Nobody's any more: the kernel has no owner to tell, or has forgotten the connection.
      await expect(users.admit(socket)).rejects.toThrow(/closed it already|no user of this machine/);
    });

    (ROOT ? test : test.skip)(
      'a connection of another user is that user’s, also when it is closed at once',
      async () => {
        const { port } = server.address() as AddressInfo;
        // Not this Node.js: it may lie in a folder that others cannot enter.
        const client = (then: string): ReturnType<typeof spawn> =>
          spawn(
            'perl',
            ['-MIO::Socket::INET', '-e', `$s = IO::Socket::INET->new('127.0.0.1:${port}') or die; ${then}`],
            { uid: NOBODY, gid: NOBODY, cwd: '/', stdio: 'ignore' },
          );
        const staying = client('sleep 60');
        await expect((await usersOf(0)).admit(await next())).rejects.toThrow('uid 65534');
        staying.kill();
        const leaving = client("print $s 'x'; exit");
        // Asked for now: it may have ended before its connection is taken.
        const gone = new Promise((resolve) => leaving.once('exit', resolve));
        const socket = await next();
        await gone;
        await expect((await usersOf(0)).admit(socket)).rejects.toThrow();
      },
    );
  },
);
