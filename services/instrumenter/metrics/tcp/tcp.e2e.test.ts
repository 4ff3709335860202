/* The metrics of module tcp on the real kernel: connections that are opened, used and closed here. Needs root. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { LOG_GRID } from '../../../../common/model/bucket';
import { eachBucket, totalCount } from '../../../../common/model/distribution';
import { totalOf } from '../../../../common/model/value';
import {
  both,
  distributionOf,
  is,
  onRealKernel,
  own,
  perl,
  rename,
} from '../../sources/bpf/testing/real-kernel';

/** Not perl() of the kernel's tests: the server is in this process, and has to answer. */
const run = (script: string): Promise<void> =>
  new Promise((resolve, reject) =>
    execFile('perl', ['-e', script], (error) =>
      error === null ? resolve() : reject(new Error(error.message)),
    ),
  );

onRealKernel('connections', (kernel) => {
  test('a connection is counted where it is opened and accepted, with its addresses, and when it has ended', async () => {
    const server = createServer((socket) => {
      socket.on('data', (bytes) => socket.end(bytes));
      socket.on('error', () => undefined);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const port = String((server.address() as AddressInfo).port);
    const comm = own('tcp');
    const connects = await kernel.enable('tcp.connects', ['execname', 'latency'], is('rport', port));
    const raddrs = await kernel.enable(
      'tcp.connects',
      ['raddr'],
      both(is('raddr', '127.0.0.1'), is('execname', comm), is('rport', port)),
    );
    const errors = await kernel.enable('tcp.connects', ['errno'], is('execname', comm));
    const pids = await kernel.enable('tcp.connects', ['ppid'], is('execname', comm));
    const accepts = await kernel.enable('tcp.accepts', ['raddr'], is('lport', port));
    const lives = await kernel.enable('tcp.lifetimes', ['raddr', 'bytes'], is('rport', port));
    const times = await kernel.enable('tcp.lifetimes', ['lport', 'duration'], is('lport', port));
    await new Promise<void>((resolve, reject) => {
      execFile(
        'perl',
        [
          '-MSocket',
          '-e',
          `${rename(comm)} for (1..25) {
               socket(S, PF_INET, SOCK_STREAM, 0); connect(S, sockaddr_in($ARGV[0], INADDR_LOOPBACK)) or die;
               syswrite(S, "x" x 1000); 1 while sysread(S, $b, 4096); close S }
             socket(S, PF_INET, SOCK_STREAM, 0); connect(S, sockaddr_in(1, INADDR_LOOPBACK)) and die`,
          port,
        ],
        (error) => (error === null ? resolve() : reject(new Error(error.message))),
      );
    });
    await new Promise<void>((resolve) => server.close(() => resolve()));
    const opened = await kernel.read(connects);
    expect(totalCount(distributionOf(opened, comm))).toBe(25);
    expect(totalOf(opened)).toBe(25);
    eachBucket(distributionOf(opened, comm), (bucket) => {
      expect(LOG_GRID.floorOf(bucket)).toBeGreaterThan(100);
      expect(LOG_GRID.floorOf(bucket)).toBeLessThan(1_000_000_000);
    });
    expect(await kernel.numbers(raddrs)).toEqual(new Map([['127.0.0.1', 25]]));
    // The last one, to a port where nobody listens.
    expect(await kernel.numbers(errors)).toEqual(
      new Map([
        ['none', 25],
        ['ECONNREFUSED', 1],
      ]),
    );
    expect(await kernel.numbers(pids)).toEqual(new Map([[String(process.pid), 26]]));
    expect(await kernel.numbers(accepts)).toEqual(new Map([['127.0.0.1', 25]]));
    const bytes = distributionOf(await kernel.read(lives), '127.0.0.1');
    // A thousand bytes in each direction.
    expect(totalCount(bytes)).toBe(25);
    eachBucket(bytes, (bucket) => expect(LOG_GRID.floorOf(bucket)).toBe(2000));
    expect(totalCount(await kernel.distribution(times, port))).toBe(25);
  });

  test('bytes are those that programs sent and received: what opens and closes a connection is none', async () => {
    const server = createServer((socket) => {
      socket.on('data', () => undefined);
      socket.on('end', () => socket.end());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const port = String((server.address() as AddressInfo).port);
    const clients = await kernel.enable('tcp.lifetimes', ['raddr', 'bytes'], is('rport', port));
    const servers = await kernel.enable('tcp.lifetimes', ['raddr', 'bytes'], is('lport', port));
    const lengths = [0, 0, 0, 5, 5, 9];
    await run(
      `use Socket; for my $n (${lengths.join(',')}) {
         socket(S, PF_INET, SOCK_STREAM, 0); connect(S, sockaddr_in(${port}, INADDR_LOOPBACK)) or die;
         syswrite(S, "x" x $n) if $n; shutdown(S, 1); 1 while sysread(S, $b, 4096); close S }`,
    );
    await new Promise<void>((resolve) => server.close(() => resolve()));
    for (const probe of [clients, servers]) {
      const seen: number[] = [];
      eachBucket(await kernel.distribution(probe, '127.0.0.1'), (bucket, count) => {
        for (let i = 0; i < count; i++) seen.push(LOG_GRID.floorOf(bucket));
      });
      expect(seen).toEqual(lengths);
    }
  });

  test('a segment that nobody answers is sent again, and counted', async () => {
    const probe = await kernel.enable('tcp.retransmits', ['raddr'], is('raddr', '127.0.0.1'));
    const byPort = await kernel.enable('tcp.retransmits', ['rport']);
    // A listener with a full queue drops the SYN; it is sent again a second later.
    const port =
      perl(`use Socket; socket(L, PF_INET, SOCK_STREAM, 0); bind(L, sockaddr_in(0, INADDR_LOOPBACK));
      listen(L, 0); my ($port) = sockaddr_in(getsockname(L)); use Fcntl; my @all;
      for (1..3) { socket(my $s, PF_INET, SOCK_STREAM, 0); fcntl($s, F_SETFL, O_NONBLOCK);
        connect($s, sockaddr_in($port, INADDR_LOOPBACK)); push @all, $s; select(undef, undef, undef, 0.05) }
      select(undef, undef, undef, 1.5); print $port`);
    const ports = await kernel.numbers(byPort);
    expect(ports.get(port)).toBeGreaterThanOrEqual(1);
    expect((await kernel.numbers(probe)).get('127.0.0.1')).toBeGreaterThanOrEqual(ports.get(port) ?? NaN);
  });

  test('addresses of version 6 are told as such', async () => {
    const server = createServer((socket) => socket.end());
    server.listen(0, '::1');
    try {
      await once(server, 'listening');
    } catch {
      process.stderr.write('SKIPPED: this machine has no IPv6 on loopback\n');
      return;
    }
    const { port } = server.address() as AddressInfo;
    const probe = await kernel.enable('tcp.connects', ['raddr'], is('rport', String(port)));
    const socket = connect(port, '::1');
    socket.resume();
    await once(socket, 'close');
    await new Promise<void>((resolve) => server.close(() => resolve()));
    expect(await kernel.numbers(probe)).toEqual(new Map([['::1', 1]]));
  });
});
