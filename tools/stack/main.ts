/*
 * `make run`: the whole system in the foreground. Starts what DESIGN's table of parts lists, says where the page is
 * and what is missing, and on SIGINT or SIGTERM stops every process it started.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../common/errors';
import { readSettings, type Settings } from '../../common/settings';
import { brokerInstalled } from './broker';
import { sourcesOf } from './missing';
import { isOpen } from './ports';
import { startStack, type Stack } from './stack';

const say = (line: string): void => console.log(line);

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  refuseSecond(settings);
  if (await isOpen(settings.httpPort)) {
    throw new Error(
      `port ${settings.httpPort} is taken; fix: stop what listens there, or choose another with CA_HTTP_PORT=24181 make run`,
    );
  }
  if (settings.amqpUrl === undefined && !brokerInstalled()) {
    throw new Error(
      'missing: rabbitmq-server, the message broker between the services; ' +
        'fix: sudo apt-get install rabbitmq-server, or set CA_AMQP_URL to a broker you have',
    );
  }

  let stack: Stack | undefined;
  let stopping: Promise<void> | undefined;
  const release = lock(settings);
  const starting = startStack({
    home: settings.home,
    httpPort: settings.httpPort,
    amqpUrl: settings.amqpUrl,
    prefix: settings.amqpPrefix,
    hosts: [settings.host],
    sources: settings.sources,
    say,
  });
  const stop = (signal: string): Promise<void> =>
    (stopping ??= (async () => {
      say(`${signal}: stopping …`);
      // Stopping in the middle of starting: what was started so far must end too.
      stack ??= await starting.catch(() => undefined);
      await stack?.stop();
      release();
      say('stopped');
      process.exit(0);
    })());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(signal));

  try {
    stack = await starting;
  } catch (error) {
    release();
    throw error;
  }
  const { working, missing } = sourcesOf(await stack.instrumenterStatus(settings.host));
  say(`gathering with ${working.join(', ')}`);
  missing.forEach(say);
  say(`Cloud Analytics ready at ${stack.url}`);
}

/** Two deployments in one state folder would tear each other's files apart. */
function refuseSecond(settings: Settings): void {
  const file = join(settings.home, 'lock');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8'));
  try {
    process.kill(pid, 0);
  } catch {
    return; // its process is gone: a leftover
  }
  throw new Error(
    `another deployment (process ${pid}) uses ${settings.home}; fix: stop it, or start this one with CA_HTTP_PORT=24181 make run`,
  );
}

function lock(settings: Settings): () => void {
  const file = join(settings.home, 'lock');
  mkdirSync(settings.home, { recursive: true, mode: 0o700 });
  writeFileSync(file, String(process.pid));
  return () => {
    rmSync(file, { force: true });
  };
}

main().catch((error: unknown) => {
  console.error(messageOf(error));
  process.exit(1);
});
