/*
 * One run of a tool: its connections and its output. In: the command line's options. Out: connections, opened
 * when first needed and closed at the end.
 */
import type { Options } from '../options';
import { UsageError } from '../options';
import type { Bus } from './bus';
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { Front, type Trust } from './front';
import { coloursOf, type Io, type Screen } from '../io';
import { LIMITS } from '../../../common/service/limits';
import { messageOf } from '../../../common/service/errors';
import { parseQuantity } from '../../../common/model/unit';
import { findTarget, type Target } from './target';
import { jsonText, visible } from '../screen/visible';

export class Session {
  readonly io: Io;
  readonly options: Options;
  private foundTarget: Target | undefined;
  private openedBus: Promise<Bus> | undefined;
  private openedFront: Front | undefined;

  constructor(io: Io, options: Options) {
    this.io = io;
    this.options = options;
  }

  /** Answers as JSON, for programs. */
  get json(): boolean {
    const wish = this.options.get('output') ?? 'text';
    if (wish !== 'text' && wish !== 'json') throw new UsageError(`-o must be text or json, not ${wish}`);
    return wish === 'json';
  }

  get timeoutMs(): number {
    const text = this.options.get('timeout');
    if (text === undefined) return LIMITS.toolAnswerMs;
    const seconds = secondsOf(text, '--timeout');
    if (seconds <= 0) throw new UsageError('--timeout must be more than 0');
    if (seconds > 60) throw new UsageError('--timeout must be at most 60s');
    return Math.max(1, Math.round(seconds * 1000));
  }

  get target(): Target {
    if (this.foundTarget === undefined) {
      this.foundTarget = findTarget(this.io, this.options);
      for (const warning of this.foundTarget.warnings) this.warn(warning);
    }
    return this.foundTarget;
  }

  get front(): Front {
    const { url, customer, token } = this.target;
    this.openedFront ??= new Front({
      url,
      customer,
      token,
      timeoutMs: this.timeoutMs,
      trust: this.trust(url),
      ended: this.io.ended,
    });
    return this.openedFront;
  }

  /** For the front door; and for the broker, unless CA_AMQP_CA is set. */
  private get caFile(): string | undefined {
    const file = this.options.get('ca') ?? this.io.env['CA_TLS_CA'];
    return file === '' ? undefined : file;
  }

  private trust(url: string): Trust | undefined {
    if (!url.startsWith('https:')) return undefined;
    if (this.options.has('insecure')) {
      this.warn(`warning: --insecure: whoever answers at ${url} is believed, and is sent the token`);
      return { insecure: true };
    }
    const file = this.caFile;
    if (file === undefined) return undefined;
    try {
      // Given authorities replace those of the system: the latter stay trusted.
      return { ca: [...rootCertificates, readFileSync(file, 'utf8')].join('\n') };
    } catch (error) {
      throw new UsageError(`the certificates of --ca cannot be read: ${messageOf(error)}`);
    }
  }

  /** Rejects when the broker cannot be reached in time; asked again, it says the same. */
  bus(): Promise<Bus> {
    this.openedBus ??= import('./bus.js').then(async ({ openBus }) =>
      openBus(
        {
          clock: this.io.clock,
          host: this.io.host,
          pid: this.io.pid,
          env: { CA_AMQP_CA: this.caFile, ...this.io.env },
        },
        this.target,
        this.timeoutMs,
      ),
    );
    return this.openedBus;
  }

  get screen(): Screen {
    const screen = this.io.screen();
    const colour = this.options.get('color');
    if (colour !== undefined && !['auto', 'always', 'never'].includes(colour)) {
      throw new UsageError(`--color must be auto, always or never, not ${colour}`);
    }
    const colours =
      colour === undefined || colour === 'auto'
        ? screen.colours
        : coloursOf(this.io.env, screen.interactive, colour);
    const width = this.options.get('width');
    if (width === undefined) return { ...screen, colours };
    const columns = Number(width);
    if (!Number.isInteger(columns) || columns < 20 || columns > 1000) {
      throw new UsageError(`--width must be a number of columns from 20 to 1000, not ${width}`);
    }
    return { ...screen, columns, colours };
  }

  /** Prints lines of text, with untrusted characters escaped. */
  print(lines: readonly string[]): void {
    this.paint(lines.map(visible));
  }

  /** Prints lines with our own colours; texts in them must be escaped before. */
  paint(lines: readonly string[]): void {
    if (lines.length > 0) this.io.out(`${lines.join('\n')}\n`);
  }

  printJson(value: unknown): void {
    this.io.out(`${jsonText(value, 2)}\n`);
  }

  warn(line: string): void {
    this.io.err(`${visible(line)}\n`);
  }

  async close(): Promise<void> {
    const bus = await this.openedBus?.catch(() => undefined);
    await bus?.peer.close().catch(() => undefined);
  }
}

/** "90", "10m", "1h" as seconds. A number without a unit is in seconds. */
export function secondsOf(text: string, what: string): number {
  try {
    return /[a-zA-Zµμ]/.test(text)
      ? parseQuantity(text, 'time', what) / 1e9
      : parseQuantity(text, 'number', what);
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

/** Of --idle; never is 0, as in the API. */
export function idleSecondsOf(text: string): number {
  if (text === 'never') return 0;
  if (!/^\d/.test(text)) throw new UsageError(`--idle must be like 10m or 1h, or never, not ${text}`);
  return wholeSecondsOf(text, '--idle');
}

export function wholeSecondsOf(text: string, what: string): number {
  const seconds = secondsOf(text, what);
  if (!Number.isInteger(seconds) || seconds < 0)
    throw new UsageError(`${what} must be whole seconds, not ${text}`);
  return seconds;
}
