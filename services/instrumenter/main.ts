/*
 * The instrumenter, one per node. In: the environment (common/service/settings.ts). Out: values, each second, to the broker.
 * Next: commands.ts for requests, tick.ts for what is sent.
 */
import { cpus } from 'node:os';
import './lean';
import { collectGarbage } from '../../common/service/collect-garbage';
import { trimMalloc } from '../../common/service/trim-malloc';
import type { InstrumenterStatus } from '../../common/api/status';
import { readBrokerCredentials } from '../../common/wire/broker/broker-credentials';
import { claim } from '../../common/wire/claim';
import { LIMITS } from '../../common/service/limits';
import { DATA_VERSION } from '../../common/wire/data';
import { Peer } from '../../common/wire/peer';
import { routes } from '../../common/wire/route';
import { run, type Host, type Running } from '../../common/service/run';
import { brokerUrl } from '../../common/service/settings';
import { versionHere } from '../../common/service/version';
import { budgetOf } from './gather/budget';
import { listen } from './gather/commands';
import { catalogueOf } from './gather/catalogue';
import { Instrumenter } from './gather/instrumenter';
import { Journal } from './gather/journal';
import { serveNodeMetrics } from './gather/own-metrics';
import { Outbox } from './gather/outbox';
import { Wanted } from './gather/wanted';
import { stuckReads } from './sources/blocking-io-pool';
import { openNodeCredential } from './node-credential';
import { checkNames, missingFrom, openSources } from './sources/sources';

/** Time to remove the probes at shutdown. */
const END_MS = 2000;
/** After joining, the sources still read for a while; then memory that is not needed any more is returned, once. */
const SETTLED_MS = 10_000;

async function start({ settings, env, clock, log, panic }: Host): Promise<Running> {
  const url = brokerUrl(settings);
  const files = await readBrokerCredentials(env, log);
  const node = await openNodeCredential(settings, env, files.tls, log);
  const credentials = node ?? files;
  const { host, seed, dtrace, searchPath } = settings;
  const elapsed = (): number => performance.now() * 1e6;
  const started = clock.now();
  const journal = new Journal();
  const keys = routes(settings.amqpPrefix);

  checkNames(settings.sources ?? []);
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

  const peer = new Peer({
    url,
    credentials,
    routes: keys,
    host,
    key: keys.instrumenter(host),
    clock,
    log,
    firstAttempts: 0,
    onUp: () => {
      log.info({}, 'connected to the broker');
      sayHello();
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
    gaveUp: ({ report: { fqid } }, events) => instrumenter.gaveUp(fqid, events),
  });
  const instrumenter = new Instrumenter({
    clock,
    elapsed,
    log,
    journal,
    sources,
    budget: budgetOf(settings.probeBudget, cpus().length),
    put: (parcel) => {
      outbox.put(parcel);
    },
    changed: (state) => {
      wanted.changed(state);
    },
  });
  const wanted: Wanted = new Wanted({
    host,
    enable: (instrumentation) => instrumenter.enable(instrumentation),
    disable: (fqid) => instrumenter.disable(fqid),
    catalogue: () => catalogueOf(opened),
    tell: (standing) => peer.tell(keys.config, 'alive', { standing, data: DATA_VERSION, deaf: peer.deaf }),
    ask: () => peer.tell(keys.config, 'want_gathers', {}),
  });
  const sayHello = (): void => {
    const { standing } = wanted;
    const { deaf } = peer;
    peer.tell(keys.config, 'instrumenter_online', {
      standing,
      version: versionHere(),
      data: DATA_VERSION,
      deaf,
    });
  };
  let hello: NodeJS.Timeout | undefined;
  const status = (): InstrumenterStatus => ({
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
    ...(instrumenter.clockSet === undefined ? {} : { clockSet: instrumenter.clockSet }),
    counters: {
      ...instrumenter.counts,
      reportsSent: outbox.counts.sent,
      reportsLost: outbox.counts.lost,
      reportsResent: outbox.counts.resent,
      reportsQueued: outbox.queued,
      ...peer.counts,
    },
  });
  for (const source of sources) {
    source.onChange?.(() => {
      wanted.offersChanged();
    });
  }
  listen({
    peer,
    wanted,
    sayHello: (fleet) => {
      clearTimeout(hello);
      hello = setTimeout(sayHello, wanted.pauseMs(fleet));
    },
    resend: (items) => outbox.resend(items),
    status,
  });
  panic.state('status', status);
  panic.state('broker', () => peer.state);
  panic.state('outbox', () => ({ queued: outbox.queued, ...outbox.counts }));
  panic.listen(peer);
  if (settings.metricsPort > 0) {
    serveNodeMetrics(settings.metricsPort, { peer, instrumenter, outbox, clock, log, started });
  }

  const stopTicks = clock.everySecond((second) => void instrumenter.tick(second));

  let settling: NodeJS.Timeout | undefined;
  const joinBus = async (): Promise<void> => {
    await claim(peer, { url, credentials, routes: keys, host, clock, log });
    peer.stayKnown(LIMITS.aliveEveryMs, () => ({ standing: wanted.standing, data: DATA_VERSION }));
    settling = setTimeout(() => {
      collectGarbage();
      void trimMalloc();
    }, SETTLED_MS);
    settling.unref();
  };

  log.info({ host, sources: sources.map((s) => s.name) }, 'instrumenter started');
  return {
    joined: joinBus(),
    async stop() {
      stopTicks();
      clearTimeout(hello);
      clearTimeout(settling);
      wanted.close();
      node?.close();
      peer.leave();
      await instrumenter.close();
      await Promise.allSettled(sources.map(async (source) => source.close()));
      outbox.close();
      await peer.close();
    },
  };
}

/** Node.js waits for its threads before it exits, and a thread that another user's file blocks never returns. */
function exit(status: number): never {
  if (stuckReads() > 0) process.kill(process.pid, 'SIGKILL');
  process.exit(status);
}

// The kernel removes our probes when the process exits, however it exits.
run(
  {
    title: 'instrumenter',
    name: ({ host }) => `instrumenter-${host}`,
    start,
    check: (settings) => {
      brokerUrl(settings);
      checkNames(settings.sources ?? []);
    },
    stopMs: END_MS,
    exit,
  },
  process,
);
