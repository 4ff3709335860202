/*
 * Dumps, written when a service fails or on request: its registered state, its last errors, and Node's diagnostic
 * report, as one JSON file below CA_HOME/dumps. In: state providers, uncaught errors, `dump` and
 * `abort` messages. Out: the file; after an error or abort the process also exits, so that a supervisor restarts
 * it. Besides main.ts, only this file and watchdog.ts touch the process. Next: watchdog.ts.
 */
import { join } from 'node:path';
import type { Clock } from '../service/clock';
import { writeDump, type DumpFile } from './dump-file';
import { messageOf } from '../service/errors';
import type { Log } from '../service/log';
import type { Peer } from '../wire/peer';
import { presentable, secretsOf, shownEnvironment } from './presentable';
import { Recent } from './recent';
import type { Settings } from '../service/settings';
import { startWatchdog } from './watchdog';

/** Largest dump content in an answer to `dump`. */
const ANSWER_BYTES = 1024 * 1024;
/** An aborting service answers within this time, or exits without an answer. */
const ABORT_ANSWER_MS = 1000;

/** Exit status after an uncaught error or an abort: EX_SOFTWARE. */
const PANIC_STATUS = 70;
/** Where the watchdog's thread finds the hook on the stuck thread. */
const PANIC_HOOK = Symbol.for('cloud-analytics.panic');

export const DUMP_VERSION = 1;

interface PanicOptions {
  /** Name of the service in file names: aggregator-0. */
  readonly service: string;
  readonly settings: Pick<Settings, 'home' | 'host' | 'watchdogS' | 'watchdogExitS'>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Written extends DumpFile {
  readonly summary: Readonly<Record<string, unknown>>;
  readonly dump: Readonly<Record<string, unknown>>;
}

export class Panic {
  /** The service's log; warnings and errors in it are kept for the dump. */
  readonly log: Log;
  readonly folder: string;
  private readonly recent: Recent;
  private readonly providers = new Map<string, () => unknown>();
  private readonly secrets: string[];
  private readonly options: PanicOptions;
  private crashed = false;

  constructor(options: PanicOptions) {
    this.options = options;
    this.recent = new Recent(options.clock);
    this.log = this.recent.remembering(options.log);
    this.folder = join(options.settings.home, 'dumps');
    this.secrets = secretsOf(options.env);
  }

  /** Adds `name` to dumps; the provider is called only for a dump. It may throw, and a large result is truncated. */
  state(name: string, provider: () => unknown): void {
    this.providers.set(name, provider);
  }

  /** A text that no dump may contain. */
  secret(text: string): void {
    if (text.length >= 4 && !this.secrets.includes(text)) this.secrets.push(text);
  }

  /** Makes uncaught errors write a dump, and starts the watchdog. */
  install(): void {
    process.on('uncaughtException', (error, origin) => {
      this.crash(origin === 'unhandledRejection' ? 'unhandled rejection' : 'uncaught error', error);
    });
    (globalThis as Record<symbol, unknown>)[PANIC_HOOK] = (reason: string): string =>
      JSON.stringify(this.compose(reason));
    const { service, settings, log } = this.options;
    startWatchdog({
      service,
      folder: this.folder,
      host: settings.host,
      stuckS: settings.watchdogS,
      exitS: settings.watchdogExitS,
      log,
    });
  }

  /** Answers `dump` and `abort`. */
  listen(peer: Pick<Peer, 'on' | 'close'>): void {
    peer.on('dump', ({ content }) => {
      const { file, bytes, summary, dump } = this.write('asked for');
      const fits = content === true && bytes <= ANSWER_BYTES;
      return { file, bytes, summary, ...(fits ? { dump } : {}) };
    });
    peer.on('abort', ({ reason }, { from }) => {
      const why = `told to by ${from}${reason === undefined ? '' : `: ${reason}`}`;
      const { file, bytes, summary } = this.write(`abort: ${why}`);
      this.options.log.error({ from, reason, file }, 'aborting as told');
      // Send the answer first, but do not wait for a hanging broker.
      const end = (): never => process.exit(PANIC_STATUS);
      setTimeout(end, ABORT_ANSWER_MS);
      setImmediate(() => void peer.close().then(end, end));
      return { file, bytes, summary };
    });
  }

  /** Writes a dump. Throws the disk's error. */
  write(reason: string, error?: unknown): Written {
    const dump = this.compose(reason, error);
    const { service, clock } = this.options;
    return { ...writeDump(this.folder, service, clock.now(), dump), summary: this.summary(), dump };
  }

  /** Writes a dump, logs it, and exits. A second failure meanwhile exits at once. */
  crash(reason: string, error: unknown): never {
    if (this.crashed) process.exit(PANIC_STATUS);
    this.crashed = true;
    let file = '';
    try {
      ({ file } = this.write(reason, error));
    } catch (problem) {
      file = `none: ${messageOf(problem)}`;
    }
    this.options.log.error({ err: error, reason, dump: file }, `${reason}: ${messageOf(error)}`);
    process.exit(PANIC_STATUS);
  }

  /** The dump as plain data, without secrets; the largest parts last, because the last ones are cut. */
  private compose(reason: string, error?: unknown): Record<string, unknown> {
    const { service, settings, clock } = this.options;
    const state: Record<string, unknown> = {};
    for (const [name, provider] of this.providers) state[name] = this.ask(provider);
    return {
      version: DUMP_VERSION,
      reason: presentable(reason, this.secrets),
      time: new Date(clock.now()).toISOString(),
      service,
      host: settings.host,
      pid: process.pid,
      node: process.version,
      uptimeS: Math.round(process.uptime()),
      ...(error === undefined ? {} : { error: presentable(error, this.secrets) }),
      memory: process.memoryUsage(),
      counts: { ...this.recent.counts },
      errors: presentable(this.recent.all, this.secrets),
      state,
      report: this.report(error),
    };
  }

  private ask(provider: () => unknown): unknown {
    try {
      return presentable(provider(), this.secrets);
    } catch (error) {
      return { unavailable: presentable(messageOf(error), this.secrets) };
    }
  }

  private report(error: unknown): unknown {
    try {
      return presentable(diagnosticReport(error), this.secrets);
    } catch (problem) {
      return { unavailable: messageOf(problem) };
    }
  }

  private summary(): Record<string, unknown> {
    const { rss, heapUsed } = process.memoryUsage();
    return {
      service: this.options.service,
      pid: process.pid,
      node: process.version,
      uptimeS: Math.round(process.uptime()),
      rssBytes: rss,
      heapBytes: heapUsed,
      state: [...this.providers.keys()],
      ...this.recent.counts,
      last: this.recent.all
        .slice(-5)
        .map(({ time, level, text }) => ({ time, level, text: presentable(text, this.secrets) })),
    };
  }
}

/** Node's diagnostic report without the values of private environment variables. */
export function diagnosticReport(error?: unknown): unknown {
  const { report } = process;
  // Otherwise the report resolves the names of all peers, one after the other, while everything waits.
  (report as { excludeNetwork?: boolean }).excludeNetwork = true;
  const made = report.getReport(error instanceof Error ? error : undefined);
  hideEnvironment(made);
  return made;
}

/** Each thread's part of a report repeats the environment. */
function hideEnvironment(part: unknown): void {
  if (typeof part !== 'object' || part === null) return;
  const { environmentVariables, workers } = part as Record<string, unknown>;
  if (typeof environmentVariables === 'object' && environmentVariables !== null) {
    const shown = shownEnvironment(environmentVariables as Record<string, unknown>);
    (part as Record<string, unknown>)['environmentVariables'] = shown;
  }
  if (Array.isArray(workers)) workers.forEach(hideEnvironment);
}
