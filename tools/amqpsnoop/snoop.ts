/*
 * amqpsnoop at work: from the tap to the screen. In: a command line. Out: messages as text, or rates per key.
 *
 * No service waits for this tool: copies are consumed as fast as they arrive; when the reader of our output is slow they are dropped
 * here and counted, and the queue at the broker is bounded as well.
 */
import { readStatus } from '../../common/api/status';
import { messageOf, CaError } from '../../common/service/errors';
import type { Call } from '../cli/command';
import { EXIT, UsageError, type Options } from '../cli/options';
import { secondsOf, type Session } from '../cli/system/session';
import { withoutPassword } from '../../common/service/broker-url';
import { filterOf, type Filter } from './filter';
import { formatted, type Form } from './format';
import { fixedKeys, keysOfMessage, keysOfStatus } from './known';
import { observe } from './observed';
import type { Copy } from './copy';
import { openTap, QUEUE_MESSAGES, type Tap } from './tap';
import { Top, topLines } from './top';

/** Interval of requests to the config service for new keys. */
const REFRESH_MS = 30_000;

interface Plan {
  readonly filter: Filter;
  readonly form: Form;
  readonly way: 'auto' | 'firehose' | 'bindings';
  readonly top: boolean;
  /** Number of messages (with --top: of screens) after which it ends. */
  readonly count: number;
  readonly forMs: number;
  readonly all: boolean;
}

export async function snoop({ options, session }: Call): Promise<number> {
  const plan = planOf(options);
  const { target, io } = session;
  if (target.amqpUrl === undefined) {
    throw new CaError(
      'NO_RESOURCE',
      'no broker is named: set CA_AMQP_URL, use --amqp-url, or run where .run/connection.json is',
    );
  }
  const { peer, routes, credentials } = await session.bus();
  const base = routes.config.slice(0, -'config'.length);
  const run = new Run(session, plan);
  let bind: (o: ReturnType<typeof observe>) => void = () => undefined;
  const tap = await openTap({
    url: target.amqpUrl,
    credentials,
    routes,
    queue: `${peer.key}:snoop`,
    way: plan.way,
    onDown: (reason) => {
      run.fail(`the broker closed the connection: ${reason}`);
    },
    onCopy: (copy: Copy) => {
      if (!plan.all && !copy.keys.some((key) => key.startsWith(base))) return;
      const o = observe(copy, io.clock.now());
      // Our own requests are not the system's traffic.
      if (o.from === peer.key || o.keys.includes(peer.key)) return;
      bind(o);
      run.take(o);
    },
  }).catch((error: unknown) => {
    throw new CaError('NO_RESOURCE', messageOf(error), { cause: error });
  });
  if (tap.way === 'bindings') bind = (o) => void tap.bind(keysOfMessage(o, routes)).catch(() => undefined);
  try {
    let refresh: NodeJS.Timeout | undefined;
    if (tap.way === 'bindings') {
      await tap.bind(fixedKeys(routes));
      const ask = async (): Promise<number> => {
        const answer = await peer.call(routes.config, 'status', {}, session.timeoutMs);
        const keys = keysOfStatus(readStatus(answer, 'config'), routes);
        await tap.bind(keys);
        return keys.length;
      };
      const known = await ask().catch((error: unknown) => {
        session.warn(`amqpsnoop: ${messageOf(error)}; only keys that show up by themselves are watched`);
        return fixedKeys(routes).length;
      });
      session.warn(
        `watching ${known} known keys of ${withoutPassword(target.amqpUrl)} by bindings of our own; new ones are learned as they show up`,
      );
      refresh = setInterval(() => void ask().catch(() => undefined), REFRESH_MS);
    } else session.warn(`watching all of ${withoutPassword(target.amqpUrl)} through the firehose`);
    await run.until(tap);
    clearInterval(refresh);
  } finally {
    await tap.close();
  }
  return run.report();
}

function planOf(options: Options): Plan {
  const choice = <T extends string>(name: string, allowed: readonly T[], fallback: T): T => {
    const text = options.get(name) ?? fallback;
    const found = allowed.find((a) => a === text);
    if (found === undefined)
      throw new UsageError(`--${name} must be one of ${allowed.join(', ')}, not ${text}`);
    return found;
  };
  const count = options.get('count');
  const n = count === undefined ? Infinity : Number(count);
  if (count !== undefined && (!Number.isInteger(n) || n < 1))
    throw new UsageError(`--count must be a number from 1, not ${count}`);
  const time = options.get('for');
  return {
    filter: filterOf(options),
    form: choice<Form>('output', ['short', 'json', 'hex'], 'short'),
    way: choice('by', ['auto', 'firehose', 'bindings'], 'auto'),
    top: options.has('top'),
    count: n,
    forMs: time === undefined ? Infinity : 1000 * secondsOf(time, '--for'),
    all: options.has('all'),
  };
}

const HOME = '\x1b[H\x1b[2J';

/** Counts what was seen so far, and tells when it is enough. */
class Run {
  private readonly session: Session;
  private readonly plan: Plan;
  private readonly top = new Top();
  private shown = 0;
  private dropped = 0;
  private brokerFull = 0;
  private failure: string | undefined;
  private finish: () => void = () => undefined;
  private readonly done = new Promise<void>((resolve) => (this.finish = resolve));

  constructor(session: Session, plan: Plan) {
    this.session = session;
    this.plan = plan;
  }

  take(o: ReturnType<typeof observe>): void {
    if (this.shown >= this.plan.count || !this.plan.filter(o)) return;
    if (this.plan.top) {
      this.top.add(o);
      return;
    }
    if (this.session.io.behind()) {
      this.dropped++;
      return;
    }
    const { columns, interactive } = this.session.screen;
    // A file or a pipe has no width; only a screen cuts lines.
    this.session.print(
      formatted(o, this.plan.form, interactive || this.session.options.has('width') ? columns : Infinity),
    );
    if (++this.shown >= this.plan.count) this.finish();
  }

  fail(why: string): void {
    this.failure = why;
    this.finish();
  }

  /** Resolves when enough was seen, the time is up, or a signal arrives. */
  async until(tap: Tap): Promise<void> {
    const { io } = this.session;
    io.ended.addEventListener('abort', () => {
      this.finish();
    });
    const { forMs } = this.plan;
    const timer =
      forMs === Infinity
        ? undefined
        : setTimeout(() => {
            this.finish();
          }, forMs);
    const second = setInterval(() => void this.everySecond(tap), 1000);
    const stopKeys =
      this.plan.top && this.session.screen.interactive
        ? io.keys((key) => {
            if (key === 'q' || key === '\x03') this.finish();
          })
        : (): void => undefined;
    if (!io.ended.aborted) await this.done;
    stopKeys();
    clearInterval(second);
    clearTimeout(timer);
  }

  report(): number {
    const { session } = this;
    if (this.dropped > 0)
      session.warn(`${this.dropped} messages dropped here: the reader of our output is too slow`);
    if (this.brokerFull > 0) {
      session.warn(
        `our queue at the broker was full in ${this.brokerFull} s: it dropped the oldest copies, uncounted`,
      );
    }
    if (this.failure === undefined) return EXIT.ok;
    session.warn(`amqpsnoop: ${this.failure}`);
    return EXIT.wrong;
  }

  private async everySecond(tap: Tap): Promise<void> {
    if (this.plan.top && this.shown < this.plan.count) {
      const { screen } = this.session;
      const lines = topLines(this.top.turn(1), screen);
      if (screen.interactive) this.session.io.out(HOME);
      this.session.print(screen.interactive ? lines : [...lines, '']);
      if (++this.shown >= this.plan.count) this.finish();
    }
    const depth = await tap.depth().catch(() => 0);
    if (depth >= QUEUE_MESSAGES) this.brokerFull++;
  }
}
