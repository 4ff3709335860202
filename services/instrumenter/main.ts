/*
 * The instrumenter, one per node. In: the environment (common/service/settings.ts). Out: values, each second, to the broker.
 * The only file here that touches the process: it reads settings, takes signals, and exits.
 * Next: commands.ts for what is asked of us, tick.ts for what we send.
 */
import { letGo } from './lean';
import { SYSTEM_CLOCK } from '../../common/service/clock';
import { cannotStart } from '../../common/service/cannot-start';
import { claim } from '../../common/wire/claim';
import { LIMITS } from '../../common/service/limits';
import { createLog } from '../../common/service/log';
import { Panic } from '../../common/service/panic';
import { Peer } from '../../common/wire/peer';
import { routes } from '../../common/wire/route';
import { brokerUrl, readSettings } from '../../common/service/settings';
import { listen } from './gather/commands';
import { hello } from './gather/hello';
import { Instrumenter } from './gather/instrumenter';
import { Journal } from './gather/journal';
import { Outbox } from './gather/outbox';
import { PATIENCE } from './sources/blocking-io-pool';
import { missingFrom, openSources } from './sources/sources';

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const url = brokerUrl(settings);
  const { host, seed, dtrace, searchPath } = settings;
  const clock = SYSTEM_CLOCK;
  const panic = new Panic({
    service: `instrumenter-${host}`,
    settings,
    env: process.env,
    clock,
    log: createLog('instrumenter', settings.logLevel),
  });
  panic.install();
  const { log } = panic;
  const elapsed = (): number => performance.now() * 1e6;
  const started = clock.now();
  const journal = new Journal();
  const keys = routes(settings.amqpPrefix);

  const opened = await openSources(settings.sources, {
    host,
    clock,
    elapsed,
    log,
    journal,
    seed,
    dtrace,
    searchPath,
  });
  const sources = opened.flatMap(({ source }) => (source === undefined ? [] : [source]));

  let bound = false;
  const peer = new Peer({
    url,
    host,
    key: keys.instrumenter(host),
    clock,
    log,
    firstAttempts: 0,
    onUp: () => {
      log.info({}, 'connected to the broker');
      if (bound) sayHello();
      outbox.flush();
    },
    onDown: (reason) => {
      log.warn({ reason }, 'lost the broker; values wait');
    },
  });
  const outbox = new Outbox({
    host,
    clock,
    routes: keys,
    send: (to, message) => peer.sendValues(to, message),
  });
  const instrumenter = new Instrumenter({
    clock,
    elapsed,
    log,
    journal,
    sources,
    budget: settings.probeBudget,
    put: (parcel) => {
      outbox.put(parcel);
    },
    changed: (standing) => peer.tell(keys.config, 'probe_state', standing),
  });
  const sayHello = (): void => {
    peer.tell(keys.config, 'instrumenter_online', hello(sources));
  };
  const status = (): Record<string, unknown> => ({
    service: 'instrumenter',
    host,
    started,
    pid: process.pid,
    memory: process.memoryUsage.rss(),
    bus: peer.health,
    sources: opened.map(({ name, source, unavailable }) => ({
      name,
      metrics: source?.offers().filter((offer) => 'fields' in offer).length ?? 0,
      ...(unavailable === undefined ? {} : { unavailable }),
      ...(source === undefined ? {} : { missing: missingFrom(source) }),
    })),
    instrumentations: instrumenter.rows(),
    counters: {
      ...instrumenter.counts,
      reportsSent: outbox.counts.sent,
      reportsLost: outbox.counts.lost,
      reportsResent: outbox.counts.resent,
      reportsQueued: outbox.queued,
      ...peer.counts,
    },
  });
  // Whoever asked for what this node has now is told, and asks this node again.
  for (const source of sources) source.onChange?.(() => (bound ? sayHello() : undefined));
  listen({ peer, instrumenter, sayHello, resend: (items) => outbox.resend(items), status });
  panic.state('status', status);
  panic.state('broker', () => peer.state);
  panic.state('outbox', () => ({ queued: outbox.queued, ...outbox.counts }));
  panic.listen(peer);

  const stopTicks = clock.everySecond((second) => void instrumenter.tick(second));
  const alive = setInterval(() => peer.tell(keys.config, 'alive', {}), LIMITS.aliveEveryMs);

  let ending = false;
  const end = async (signal: string): Promise<void> => {
    if (ending) return;
    ending = true;
    // Whatever hangs, the kernel takes our probes away when we exit.
    setTimeout(() => leave(1), LIMITS.instrumenterEndMs).unref();
    log.info({ signal }, 'going away');
    stopTicks();
    clearInterval(alive);
    peer.tell(keys.config, 'offline', {});
    await instrumenter.close();
    await Promise.allSettled(sources.map(async (source) => source.close()));
    outbox.close();
    await peer.close();
    leave(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end(signal));

  log.info({ host, sources: sources.map((s) => s.name) }, 'instrumenter started');
  await claim(peer, { url, host, clock, log });
  // Bound first: a config service that comes up between the two hears the hello or is heard.
  await peer.bind(keys.broadcast);
  bound = true;
  sayHello();
  letGo();
}

/** Node.js waits for its threads before it exits, and one that a stranger holds up would not come. */
function leave(code: number): void {
  if (PATIENCE.stuck > 0) process.kill(process.pid, 'SIGKILL');
  process.exit(code);
}

main().catch((error: unknown) => cannotStart('instrumenter', error));
