/* Counters of another network namespace, made by the kernel. Needs root, unshare and ip. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { ask } from '../../testing/fakes';
import { openProc } from './source';

const refusals =
  'use Socket; while (<STDIN>) { for (1..50) { socket(my $c, PF_INET, SOCK_STREAM, 0); connect($c, sockaddr_in(1, INADDR_LOOPBACK)) and die } print "done\\n" }';
const possible = spawnSync('unshare', ['-n', 'ip', 'link', 'set', 'lo', 'up']).status === 0;
const real = possible ? test : test.skip;

real(
  `connections that are refused in a container’s network count${possible ? '' : ' (skipped: no unshare -n here)'}`,
  async () => {
    const child = spawn(
      'unshare',
      ['-n', 'sh', '-c', `ip link set lo up; exec perl -e '$| = 1; print "up\\n"; ${refusals}'`],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    try {
      const lines = createInterface({ input: child.stdout });
      await once(lines, 'line');
      const probe = await openProc({ host: 'n', elapsed: () => performance.now() * 1e6 }).enable(
        ask('tcp.errors', ['tcpstack']),
      );
      probe.flip();
      await probe.read();
      const done = once(lines, 'line');
      child.stdin.write('go\n');
      await done;
      await new Promise((resolve) => setTimeout(resolve, 100));
      probe.flip();
      const { value } = await probe.read();
      const own = spawnSync('readlink', ['/proc/self/ns/net'], { encoding: 'utf8' }).stdout;
      const others =
        value.shape === 'keyed' ? [...value.numbers].filter(([stack]) => !own.includes(stack)) : [];
      // Each refused connect is a failed attempt there; others of this machine may have some as well.
      expect(others.reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThanOrEqual(50);
    } finally {
      child.kill();
    }
  },
);
