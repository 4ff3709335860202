import { createHash } from 'node:crypto';
import { spawn, type ChildProcess } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { checkoutFolder } from './checkout';
import { freePorts, isOpen } from './ports';
import { buildFolder } from './stack';
import { startTestBroker, type TestBroker } from '../testing/test-broker';
import { until } from '../testing/until';
import { startTerminal, terminalsWork } from '../cactl/testing/terminal';

jest.setTimeout(180_000);

/** What a run says, line by line, and its end. */
interface Run {
  readonly child: ChildProcess;
  readonly lines: string[];
  readonly exit: Promise<number | string>;
  readonly home: string;
  readonly port: number;
}

/** Of the test that runs; what beforeAll starts is not among them. */
const runs: Run[] = [];

beforeEach(() => {
  runs.length = 0;
});
afterEach(async () => {
  for (const run of runs.splice(0)) await end(run);
});

async function end(run: Run): Promise<void> {
  if (run.child.exitCode === null && run.child.signalCode === null) run.child.kill('SIGTERM');
  await run.exit;
  rmSync(run.home, { recursive: true, force: true });
}

function newHome(): string {
  const folder = join(buildFolder(), 'e2e');
  mkdirSync(folder, { recursive: true });
  return mkdtempSync(join(folder, 'run-'));
}

interface How {
  readonly env?: NodeJS.ProcessEnv;
  readonly home?: string;
  readonly port?: number;
  /** Program and arguments before node's. */
  readonly through?: readonly string[];
  /** Where the checkout lies for it. */
  readonly checkout?: string;
}

async function start(how: How = {}): Promise<Run> {
  const home = how.home ?? newHome();
  const port = how.port ?? (await freePorts(1))[0] ?? 0;
  const [file, ...args] = [
    ...(how.through ?? []),
    process.execPath,
    join(how.checkout ?? checkoutFolder(), 'build', 'tools', 'stack', 'main.js'),
  ];
  const child = spawn(file, args, {
    env: {
      PATH: process.env['PATH'],
      CA_HOME: home,
      CA_HTTP_PORT: String(port),
      CA_HOST: 'run-test',
      ...how.env,
    },
    cwd: checkoutFolder(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => lines.push(line));
  }
  const exit = new Promise<number | string>((resolve) =>
    child.once('close', (code, signal) => {
      resolve(signal ?? code ?? 0);
    }),
  );
  const run = { child, lines, exit, home, port };
  runs.push(run);
  return run;
}

async function ready(run: Run): Promise<void> {
  await until('the system being ready', 90_000, () => {
    if (run.child.exitCode !== null) throw new Error(`it ended: ${run.lines.join('\n')}`);
    return run.lines.includes(`Cloud Analytics ready at http://127.0.0.1:${run.port}/`) ? true : undefined;
  });
}

/** Every process whose environment names this state folder: whatever a run has started, however it was started. */
function processesOf(home: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(home);
      } catch {
        return false; // it ended meanwhile, or is not ours to read
      }
    })
    .map(Number);
}

describe('three beside one another, each with a broker of its own', () => {
  let [interrupted, terminated, killed]: Run[] = [];
  beforeAll(async () => {
    // Starting is work for processors, not waiting: three at once are ready sooner than one after the other.
    [interrupted, terminated, killed] = await Promise.all([start(), start(), start()]);
    await Promise.all([interrupted, terminated, killed].map(ready));
  });
  afterAll(async () => {
    for (const run of [interrupted, terminated, killed]) if (run !== undefined) await end(run);
  });

  test('another in the same folder or on the same port says why not', async () => {
    const sameFolder = await start({ home: interrupted!.home });
    expect(await sameFolder.exit).toBe(1);
    runs.splice(runs.indexOf(sameFolder), 1); // its folder is not its own
    expect(sameFolder.lines.join('\n')).toMatch(
      /another deployment \(process \d+\) uses .*; fix: .*CA_HTTP_PORT/,
    );
    const samePort = await start({ port: terminated!.port });
    expect(await samePort.exit).toBe(1);
    expect(samePort.lines.join('\n')).toMatch(/port \d+ is taken; fix: /);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('%s stops every process within 5 s', async (signal) => {
    const run = (signal === 'SIGINT' ? interrupted : terminated)!;
    expect(processesOf(run.home).length).toBeGreaterThan(5);
    const since = Date.now();
    run.child.kill(signal);
    expect(await run.exit).toBe(0);
    // RabbitMQ's own little helpers go a moment after it; they have the rest of the 5 s.
    await until('everything to be gone', 5000 - (Date.now() - since), () =>
      processesOf(run.home).length === 0 ? true : undefined,
    );
    expect(await isOpen(run.port)).toBe(false);
  });

  test('even when it is killed with SIGKILL nothing it started goes on', async () => {
    const run = killed!;
    expect(await isOpen(run.port)).toBe(true); // what happened to the others was nothing to it
    run.child.kill('SIGKILL');
    await run.exit;
    await until('everything to be gone', 15_000, () =>
      processesOf(run.home).length === 0 ? true : undefined,
    );
  });
});

describe('one that goes on', () => {
  const own = { MAKELEVEL: '1' };

  test('its broker is started again when it is killed, and values come again', async () => {
    const run = await start({ env: { CA_SOURCES: 'synthetic' } });
    await ready(run);
    const pid = Number(readFileSync(join(run.home, 'broker', 'pid'), 'utf8'));
    process.kill(pid, 'SIGKILL');
    await until('the broker again', 60_000, () =>
      run.lines.find((line) => /^RabbitMQ listens on .* again$/.test(line)),
    );
    expect(run.lines.join('\n')).toMatch(/RabbitMQ ended \(.*\); starting it again/);
    await until('everybody again', 30_000, async () => {
      const status = await fetch(`http://127.0.0.1:${run.port}/ca/admin/status`).then((r) => r.json());
      return (status as { instrumenters: unknown[] }).instrumenters.length === 1 ? true : undefined;
    });
  });

  test('as the leader of a session it ends with its terminal, though make waits for it', async () => {
    // script's shell stands for make: it ignores SIGHUP and waits, as make does.
    const home = newHome();
    const [port = 0] = await freePorts(1);
    const main = join(buildFolder(), 'tools', 'stack', 'main.js');
    const command = `trap '' HUP; '${process.execPath}' '${main}'; true`;
    const script = spawn('script', ['-qfc', command, join(home, 'typescript')], {
      env: { PATH: process.env['PATH'], SHELL: '/bin/sh', CA_HOME: home, CA_HTTP_PORT: String(port), ...own },
      stdio: 'ignore',
    });
    await until('the system being ready', 90_000, () =>
      existsSync(join(home, 'connection.json')) ? true : undefined,
    );
    script.kill('SIGKILL');
    await until('everything to be gone', 15_000, () => (processesOf(home).length === 0 ? true : undefined));
    rmSync(home, { recursive: true, force: true });
  });

  const why = terminalsWork() ? '' : ' (skipped: there is no tmux)';
  (why === '' ? test : test.skip)(
    `nothing is left of tmux new 'make run' when its terminal is closed${why}`,
    async () => {
      const home = newHome();
      const [port = 0] = await freePorts(1);
      // A make of its own, not one below the make that runs the tests.
      const env = [
        '-u',
        'MAKELEVEL',
        '-u',
        'MAKEFLAGS',
        '-u',
        'MFLAGS',
        `CA_HOME=${home}`,
        `CA_HTTP_PORT=${port}`,
      ];
      const terminal = await startTerminal(120, 40, 'env', ...env, 'make', '-C', checkoutFolder(), 'run');
      try {
        await until('the system being ready', 120_000, () =>
          existsSync(join(home, 'connection.json')) ? true : undefined,
        );
      } finally {
        await terminal.stop();
      }
      await until('everything to be gone', 15_000, () => (processesOf(home).length === 0 ? true : undefined));
      rmSync(home, { recursive: true, force: true });
    },
  );

  test('it ends when the make that started it is killed', async () => {
    const home = newHome();
    const [port = 0] = await freePorts(1);
    const main = join(buildFolder(), 'tools', 'stack', 'main.js');
    const make = spawn('sh', ['-c', `'${process.execPath}' '${main}' >/dev/null; true`], {
      env: { PATH: process.env['PATH'], CA_HOME: home, CA_HTTP_PORT: String(port), ...own },
      stdio: 'ignore',
    });
    await until('the system being ready', 90_000, () =>
      existsSync(join(home, 'connection.json')) ? true : undefined,
    );
    make.kill('SIGKILL');
    await until('everything to be gone', 15_000, () => (processesOf(home).length === 0 ? true : undefined));
    rmSync(home, { recursive: true, force: true });
  });
});

describe('with a broker that is there already', () => {
  let broker: TestBroker;
  const folder = newHome();
  beforeAll(async () => {
    broker = await startTestBroker();
  });
  afterAll(async () => {
    await broker.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('CA_AMQP_URL is used and no broker is started', async () => {
    const run = await start({ env: { CA_AMQP_URL: broker.url, CA_AMQP_PREFIX: 'other' } });
    await ready(run);
    expect(existsSync(join(run.home, 'broker'))).toBe(false);
    const url = `http://127.0.0.1:${run.port}/ca`;
    expect(await (await fetch(url)).json()).toHaveProperty('metrics');
  });

  test('a broker that is not there is said in one line, and everything is stopped again', async () => {
    const [nobody = 0] = await freePorts(1);
    const run = await start({ env: { CA_AMQP_URL: `amqp://user:secret@127.0.0.1:${nobody}/` } });
    expect(await run.exit).toBe(1);
    expect(run.lines.at(-1)).toMatch(/^the broker cannot be reached: .*ECONNREFUSED.*; fix: .*CA_AMQP_URL/);
    expect(run.lines.join('\n')).not.toContain('secret');
    expect(processesOf(run.home)).toEqual([]);
  });

  test('with tokens it comes up just the same, and the front door asks for one', async () => {
    const tokens = join(folder, 'tokens');
    writeFileSync(
      tokens,
      `somebody operator ${createHash('sha256').update('a-long-enough-secret-token').digest('hex')}\n`,
      {
        mode: 0o600,
      },
    );
    const run = await start({
      env: { CA_AMQP_URL: broker.url, CA_AMQP_PREFIX: 'tokens', CA_TOKENS: tokens },
    });
    await ready(run);
    const url = `http://127.0.0.1:${run.port}/ca`;
    expect((await fetch(url)).status).toBe(401);
    const headers = { authorization: 'Bearer a-long-enough-secret-token' };
    expect((await fetch(url, { headers })).status).toBe(200);
  });

  test.each([
    [{ CA_SOURCES: 'bfp' }, /unknown source "bfp" \(did you mean bpf\?\)/],
    [{ CA_BIND: '0.0.0.0' }, /CA_BIND/],
  ])('%j is refused at once, with what is wrong about it', async (env, why) => {
    const since = Date.now();
    const run = await start({ env: { CA_AMQP_URL: broker.url, CA_AMQP_PREFIX: 'wrong', ...env } });
    expect(await run.exit).toBe(1);
    expect(run.lines.at(-1)).toMatch(why);
    expect(Date.now() - since).toBeLessThan(30_000); // it waits a minute for services that may still come
    expect(processesOf(run.home)).toEqual([]);
  });

  test('a wrong CA_AMQP_URL is said in one line that does not repeat the password', async () => {
    const run = await start({ env: { CA_AMQP_URL: 'http://user:secret@nowhere/' } });
    expect(await run.exit).toBe(1);
    expect(run.lines).toEqual([expect.stringMatching(/^CA_AMQP_URL must be an amqp:\/\/ or amqps:\/\/ URL/)]);
    expect(run.lines.join()).not.toContain('secret');
  });
});

const isRoot = process.getuid?.() === 0;
(isRoot ? test : test.skip)(
  `without root it comes up with its own RabbitMQ, and says what is missing${isRoot ? '' : ' (skipped: it needs root on Linux)'}`,
  async () => {
    const [home, folder] = ['home', 'see'].map((name) => mkdtempSync(join(tmpdir(), `ca-run-${name}-`)));
    chownSync(home!, 65_534, 65_534);
    // The checkout may be its owner's alone: what everybody may enter lies over it, elsewhere, and only this run sees it.
    const overlay = `
      mount -t tmpfs -o mode=755 tmpfs "$0" && mkdir "$0/upper" "$0/work" "$0/checkout" &&
      mount -t overlay -o "lowerdir=.,upperdir=$0/upper,workdir=$0/work" overlay "$0/checkout" &&
      chmod 755 "$0/checkout" "$0/checkout/build" && { [ ! -d "$0/checkout/deps/build" ] || chmod 755 "$0/checkout/deps/build"; } &&
      cd "$0/checkout" && exec setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all "$@"`;
    const through = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', overlay, folder!];
    const run = await start({ home: home!, through, checkout: join(folder!, 'checkout') });
    await ready(run);
    await until('what is missing', 30_000, () =>
      run.lines.some((line) => /^missing: source bpf: .*fix: /.test(line)) ? true : undefined,
    );
    expect(run.lines.join('\n')).toMatch(/gathering with .*proc/);
    await end(run); // what is mounted there would go with the folder
    rmSync(folder!, { recursive: true });
  },
);

test('a state folder that cannot be written is said in one line', async () => {
  const home = newHome();
  writeFileSync(join(home, 'file'), '');
  const run = await start({ home: join(home, 'file', 'below') });
  expect(await run.exit).toBe(1);
  expect(run.lines).toHaveLength(1);
  expect(run.lines[0]).toMatch(/CA_HOME|ENOTDIR/);
  rmSync(home, { recursive: true, force: true });
});

(isRoot ? test : test.skip)(
  `a full disk is said in one line with the fix, and nothing is started${isRoot ? '' : ' (skipped: it needs root on Linux)'}`,
  async () => {
    const home = newHome();
    const mounted = 'mount -t tmpfs -o size=20m,mode=700 tmpfs "$0" && exec "$@"';
    const unshare = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', mounted, home];
    const run = await start({ home, through: unshare });
    expect(await run.exit).toBe(1);
    expect(run.lines).toHaveLength(1);
    expect(run.lines[0]).toMatch(/^only (19|20) MiB are free on the disk of .*run-.* 64 MiB; fix: .*CA_HOME/);
  },
);
