/*
 * Dumps of services: small programs that fail or spin with the services' own panic code, and real services
 * that dump and abort through cactl. Dumps are read back; they must not contain secrets.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CACTL } from '../cactl/commands';
import { run, type Printed } from '../cactl/testing/console';
import { buildFolder } from './stack';
import { startTestStack, type TestStack } from '../testing/test-stack';
import { until } from '../testing/until';

jest.setTimeout(60_000);

interface Dump {
  readonly reason: string;
  readonly pid: number;
  readonly error?: { readonly message: string; readonly stack: string };
  readonly stack?: readonly string[];
  readonly state: Readonly<Record<string, unknown>>;
  readonly errors: readonly { readonly text: string }[];
  readonly report: { readonly header: unknown; readonly environmentVariables: Record<string, string> };
}

describe('a program that', () => {
  let home: string;
  let child: ChildProcess | undefined;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'panic-'));
  });
  afterEach(() => {
    child?.kill('SIGKILL');
    rmSync(home, { recursive: true });
  });

  /** Starts a program with the services' panic code; resolves with how it ended and what it said. */
  async function start(
    body: string,
    settings: { watchdogS: number; watchdogExitS: number } = { watchdogS: 0, watchdogExitS: 0 },
  ): Promise<{ ended: number | NodeJS.Signals | null; said: string }> {
    const common = JSON.stringify(join(buildFolder(), 'common'));
    const program = `
      const { Panic } = require(${common} + '/failure/panic');
      const { SYSTEM_CLOCK } = require(${common} + '/service/clock');
      const { createLog } = require(${common} + '/service/log');
      const settings = ${JSON.stringify({ ...settings, home, host: 'h' })};
      const panic = new Panic({ service: 'x', settings, env: process.env, clock: SYSTEM_CLOCK, log: createLog('x', 'info') });
      let count = 0;
      panic.state('counter', () => ({ count, url: process.env.CA_AMQP_URL }));
      panic.state('broken', () => { throw new Error('cannot tell'); });
      panic.install();
      panic.log.warn({ tried: 'sesame street' }, 'something odd');
      setInterval(() => count++, 10);
      ${body}`;
    const env = {
      ...process.env,
      CA_AMQP_URL: 'amqp://u:sesame%20street@127.0.0.1/',
      GH_PAT: 'foreign-matter',
    };
    const running = spawn(process.execPath, ['-e', program], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    child = running;
    let said = '';
    running.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
    const ended = await new Promise<number | NodeJS.Signals | null>((resolve) => {
      running.once('close', (code, signal) => {
        resolve(signal ?? code);
      });
    });
    return { ended, said };
  }

  function onlyDump(): Dump {
    const names = readdirSync(join(home, 'dumps'));
    expect(names).toHaveLength(1);
    const file = join(home, 'dumps', names[0] ?? '');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const text = readFileSync(file, 'utf8');
    expect(text).not.toMatch(/sesame|foreign-matter/);
    return JSON.parse(text) as Dump;
  }

  test.each([
    ['throws', `setTimeout(function thrower() { throw new TypeError('it broke: sesame street'); }, 100);`],
    ['rejects', `setTimeout(function thrower() { void Promise.reject(new TypeError('it broke')); }, 100);`],
  ])(
    '%s without anybody to catch it leaves a dump with its state and ends with status 70',
    async (_, body) => {
      const { ended, said } = await start(body);
      expect(ended).toBe(70);
      const dump = onlyDump();
      expect(dump.error?.message).toMatch(/^it broke/);
      expect(dump.error?.stack).toContain('thrower');
      expect(dump.state).toMatchObject({
        counter: { count: expect.any(Number) as number, url: 'amqp://u:(hidden)@127.0.0.1/' },
        broken: { unavailable: 'cannot tell' },
      });
      expect(dump.errors.map(({ text }) => text)).toEqual(['something odd']);
      expect(dump.report.header).toBeDefined();
      expect(dump.report.environmentVariables['GH_PAT']).toBe('(hidden)');
      // One line of the log tells of it.
      expect(said.split('\n').filter((line) => line.includes('it broke'))).toHaveLength(1);
    },
  );

  test('spins is caught in the act: the dump names the function, holds its state, and the process is ended', async () => {
    const { ended, said } = await start(
      `function innermost() { for (;;) count++; }
       function aroundIt() { innermost(); }
       setTimeout(aroundIt, 300);`,
      { watchdogS: 2, watchdogExitS: 5 },
    );
    expect(ended).toBe('SIGKILL');
    const dump = onlyDump();
    expect(dump.reason).toMatch(/^stuck for \d+ s$/);
    expect(dump.stack?.slice(0, 2).map((line) => line.split(' ')[0])).toEqual(['innermost', 'aroundIt']);
    // Asked where it stands still: what it counts in its loop is in there.
    expect((dump.state['counter'] as { count: number }).count).toBeGreaterThan(10_000);
    expect(dump.report.header).toBeDefined();
    expect(said).toMatch(/stuck for \d+ s in innermost/);
    expect(said).toMatch(/ending the process/);
  });

  test('hangs in the operating system is dumped too, with what can be seen from outside', async () => {
    const { ended } = await start(
      // Opening a FIFO waits in the kernel until its other end is opened.
      `const fifo = settings.home + '/fifo';
       require('node:child_process').execFileSync('mkfifo', [fifo]);
       setTimeout(() => require('node:fs').openSync(fifo, 'r'), 300);`,
      { watchdogS: 2, watchdogExitS: 6 },
    );
    expect(ended).toBe('SIGKILL');
    const dump = onlyDump() as Dump & { os: object; unavailable: string };
    expect(dump.reason).toMatch(/^stuck/);
    expect(dump.unavailable).toBe('it is not in JavaScript');
    expect(dump.report.header).toBeDefined();
  });

  test('is slow now and then, or was stopped for a while, is left alone', async () => {
    // Three stalls of half the limit, a heartbeat between them; then an orderly end.
    const { ended, said } = await start(
      `let stalls = 0;
       setInterval(() => {
         if (++stalls > 3) process.exit(0);
         const until = Date.now() + 1000; while (Date.now() < until);
       }, 1500);`,
      { watchdogS: 4, watchdogExitS: 5 },
    );
    expect(ended).toBe(0);
    expect(said).not.toMatch(/stuck/);
  });
});

describe('services of a running system', () => {
  let stack: TestStack;
  const cactl = (...argv: string[]): Promise<Printed> => run(CACTL, argv, { env: { CA_HOME: stack.home } });
  beforeAll(async () => {
    stack = await startTestStack({ hosts: ['n1'], aggregators: 1, sources: ['synthetic'] });
  }, 120_000);
  afterAll(() => stack.stop(), 60_000);

  test.each(['config', 'aggregator.n1-0', 'instrumenter.n1'])(
    '%s writes a dump when asked, goes on, and no password is in it',
    async (service) => {
      const { status, out, err } = await cactl('dump', service);
      expect(err).toBe('');
      expect(status).toBe(0);
      const file = /wrote (\S+) \(\d+ bytes\)/.exec(out)?.[1] ?? '';
      expect(file.startsWith(join(stack.home, 'dumps'))).toBe(true);
      const text = readFileSync(file, 'utf8');
      const password = new URL(stack.amqpUrl).password;
      expect(password.length).toBeGreaterThan(3);
      expect(text).not.toContain(password);
      const dump = JSON.parse(text) as Dump;
      expect(dump.state).toMatchObject({ status: {}, broker: { connected: true } });
      const whole = JSON.parse((await cactl('dump', service, '-o', 'json')).out) as { dump: Dump };
      expect(whole.dump.pid).toBe(dump.pid);
      expect((await cactl('ping', service)).status).toBe(0);
    },
  );

  test('an aborted service leaves a dump with the reason and is started anew', async () => {
    const before = stack.aggregators[0]?.pid;
    const { status, out } = await cactl('abort', 'aggregator.n1-0', '--reason', 'memory grows');
    expect(status).toBe(0);
    const file = /wrote (\S+) and ends/.exec(out)?.[1] ?? '';
    const dump = JSON.parse(readFileSync(file, 'utf8')) as Dump;
    expect(dump.reason).toMatch(/^abort: told to by \S+\.tool\.\S+: memory grows$/);
    expect(dump.pid).toBe(before);
    await until('the aggregator answering again', 30_000, async () => {
      const { out: pong } = await cactl('status', 'aggregator.n1-0', '-o', 'json');
      return (JSON.parse(pong) as { pid: number }).pid === before ? undefined : true;
    });
    expect(stack.aggregators[0]?.failure()).toBeUndefined();
  });

  test('nobody there is status 1, and a service that hangs is status 3', async () => {
    expect(await cactl('dump', 'instrumenter.nobody')).toMatchObject({ status: 1 });
    const pid = stack.instrumenters[0]?.pid ?? 0;
    process.kill(pid, 'SIGSTOP');
    try {
      for (const verb of ['dump', 'abort']) {
        const { status, err } = await cactl(verb, 'instrumenter.n1', '--timeout', '1s');
        expect(err).toMatch(/did not answer (dump|abort) within 1000 ms/);
        expect(status).toBe(3);
      }
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await until('its end as told', 30_000, () => (stack.instrumenters[0]?.pid === pid ? undefined : true));
  });
});
