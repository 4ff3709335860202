/*
 * `make run`: the whole system in the foreground. Starts what DESIGN's table of parts lists, says where the page is
 * and what is missing, and on SIGINT or SIGTERM stops every process it started.
 */
import { messageOf } from '../../common/service/errors';
import { ignoredSettings } from '../../common/service/setting-names';
import { readSettings } from '../../common/service/settings';
import { brokerInstalled } from './broker';
import { lackOfSpace, watchSpace } from './disk-space';
import { lockFolder } from './lock';
import { sourcesOf } from './missing';
import { isOpen } from './ports';
import { onReasonToEnd } from './reasons-to-end';
import { startStack, type Stack } from './stack';

const say = (line: string): void => console.log(line);

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  for (const line of ignoredSettings(process.env)) say(`ignored: ${line}`);
  process.once('exit', lockFolder(settings.home));
  if (await isOpen(settings.httpPort)) {
    throw new Error(
      `port ${settings.httpPort} is taken; fix: stop what listens there, or choose another with CA_HTTP_PORT=24181 make run`,
    );
  }
  const full = settings.amqpUrl === undefined ? lackOfSpace(settings.home) : undefined;
  if (full !== undefined) throw new Error(full);
  if (settings.amqpUrl === undefined && !brokerInstalled()) {
    throw new Error(
      'missing: rabbitmq-server, the message broker between the services; ' +
        'fix: make -C deps rabbitmq (no root needed), or set CA_AMQP_URL to a broker that you have',
    );
  }

  let stack: Stack | undefined;
  let stopping: Promise<void> | undefined;
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
      say('stopped');
      process.exit(0);
    })());
  onReasonToEnd((reason) => void stop(reason));
  watchSpace(settings.home, say);

  stack = await starting;
  const { working, missing } = sourcesOf(await stack.instrumenterStatus(settings.host));
  say(`gathering with ${working.join(', ')}`);
  missing.forEach(say);
  say(`Cloud Analytics ready at ${stack.url}`);
}

main().catch((error: unknown) => {
  console.error(messageOf(error));
  process.exit(1);
});
