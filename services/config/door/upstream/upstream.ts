/*
 * One aggregator as the front door sees it: a pool of connections, the line before it, and whether it is in rotation.
 * In: its address. Out: a place in its pool, or a refusal at once. What happens to one aggregator concerns no other.
 */
import { Agent, request as requestPlain, type ClientRequest, type RequestOptions } from 'node:http';
import { Agent as TlsAgent, request as requestOverTls } from 'node:https';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { setDefaultHighWaterMark } from 'node:stream';
import { checkServerIdentity, connect as connectTls, type ConnectionOptions } from 'node:tls';
import { CaError } from '../../../../common/service/errors';
import { Limiter, type Shares, type Waiting } from '../../../../common/service/limiter';
import { CircuitBreaker } from './circuit-breaker';

/** Requests to one aggregator at a time; one question alone gets a third of them. */
const CONNECTIONS = 768;
/** Requests that may wait for one of these connections, one question's at most a third of them … */
const WAITING = 192;
/** … and how long. */
const WAIT_MS = 3000;
/** An aggregator must begin to answer within this: the longest wait for data, and time to draw. */
const ANSWER_MS = 15_000;
/** A request without an answer for this long triggers a probe, which must be answered within twice the time. */
const DOUBT_MS = 1000;
/** After a failed probe the next follows after this, doubled each time. */
const PROBE_MS = 500;
const PROBE_MS_MAX = 5000;

export interface Address {
  readonly httpHost: string;
  readonly httpPort: number;
  /** It speaks HTTPS, with a certificate for its address or for its host's name. */
  readonly tls?: boolean | undefined;
  readonly host?: string;
}

/** Trusted authorities of aggregators' certificates. Called for each connection. */
export type Authorities = () => { readonly ca?: string };

export interface UpstreamState {
  readonly address: string;
  readonly running: number;
  readonly waiting: number;
  readonly inRotation: boolean;
}

export interface UpstreamLimits {
  readonly connections: number;
  readonly waiting: number;
  readonly waitMs: number;
  /** An answer must begin within this. */
  readonly answerMs: number;
  /** After this time without an answer the aggregator is probed; the probe must be answered within twice this. */
  readonly doubtMs: number;
  readonly probeMs: number;
  readonly probeMsMax: number;
}

export const UPSTREAM_LIMITS: UpstreamLimits = {
  connections: CONNECTIONS,
  waiting: WAITING,
  waitMs: WAIT_MS,
  answerMs: ANSWER_MS,
  doubtMs: DOUBT_MS,
  probeMs: PROBE_MS,
  probeMsMax: PROBE_MS_MAX,
};

export class Upstream {
  readonly limits: UpstreamLimits;
  readonly name: string;
  private readonly limiter: Limiter;
  private readonly rotation: CircuitBreaker;
  private readonly address: Address;
  private readonly agent: Agent;
  private readonly trust: () => ConnectionOptions;
  /** A check that is under way. */
  private checking: Promise<void> | undefined;

  constructor(
    address: Address,
    limits: UpstreamLimits,
    changed: (address: string, out: boolean) => void,
    authorities: Authorities = () => ({}),
  ) {
    this.address = address;
    this.name = nameOf(address);
    this.limits = limits;
    const pool = { keepAlive: true, maxSockets: limits.connections, scheduling: 'lifo' } as const;
    this.trust = () => ({ ...authorities(), checkServerIdentity: identityOf(address) });
    this.agent = address.tls === true ? new PooledTlsAgent(pool, this.trust) : new PooledAgent(pool);
    this.limiter = new Limiter({
      atATime: limits.connections,
      waiting: limits.waiting,
      waitMs: limits.waitMs,
      full: (inside, waiting) => `${inside + waiting} requests wait for this aggregator`,
      late: 'the aggregator is busy',
    });
    this.rotation = new CircuitBreaker({
      probe: () => this.probe(),
      failuresMax: 3,
      pauseMs: limits.probeMs,
      pauseMsMax: limits.probeMsMax,
      changed: (out) => {
        changed(this.name, out);
      },
    });
  }

  get out(): boolean {
    return this.rotation.out;
  }

  get idle(): boolean {
    return this.limiter.running === 0;
  }

  get state(): UpstreamState {
    const { running, waiting } = this.limiter;
    return { address: this.name, running, waiting, inRotation: !this.rotation.out };
  }

  get saturated(): boolean {
    return this.limiter.full;
  }

  /** A place in the pool, to be given back with `leave`. Rejects with NO_RESOURCE and when to try again. */
  async enter(who: Waiting, evenIfOut = false): Promise<void> {
    if (!evenIfOut) this.refuseWhenOut();
    await this.limiter.enter(who);
    if (evenIfOut || !this.rotation.out) return;
    this.limiter.leave(who.shares);
    this.refuseWhenOut();
  }

  leave(shares: Shares): void {
    this.limiter.leave(shares);
  }

  succeeded(): void {
    this.rotation.succeeded();
  }

  failed(): void {
    this.rotation.failed();
  }

  doubt(): void {
    this.rotation.doubt();
  }

  close(): void {
    this.rotation.close();
    this.agent.destroy();
  }

  private refuseWhenOut(): void {
    if (this.rotation.out) {
      this.rotation.wanted();
      throw new CaError('NO_RESOURCE', 'the aggregator does not answer', { retryAfter: 1 });
    }
  }

  /** Over a connection of the pool, or over one of its own. */
  request(options: RequestOptions, pooled: boolean): ClientRequest {
    const { httpHost: host, httpPort: port, tls } = this.address;
    const where = { ...options, host, port, agent: pooled ? this.agent : (false as const) };
    return tls === true ? requestOverTls({ ...where, ...this.trust() }) : requestPlain(where);
  }

  /** Rejects when it does not answer soon: then another aggregator with the same values is asked. */
  isAnswering(): Promise<void> {
    this.checking ??= this.probe(this.limits.doubtMs / 2).finally(() => (this.checking = undefined));
    return this.checking;
  }

  /** It is out of rotation and was passed over: it is probed, so that it comes back. */
  passedOver(): void {
    this.rotation.wanted();
  }

  /** Any answer shows that it is alive. */
  private probe(withinMs = 2 * this.limits.doubtMs): Promise<void> {
    return new Promise((resolve, reject) => {
      const asked = this.request({ path: '/healthz' }, false).once('response', (answer) => {
        clearTimeout(timer);
        answer.resume();
        resolve();
      });
      // After a pause of our own its answer may lie there, unread: it is looked for once more.
      const timer = setTimeout(() => {
        setImmediate(() => asked.destroy(new Error('no answer')));
      }, withinMs);
      asked.once('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
      asked.end();
    });
  }
}

export function nameOf({ httpHost, httpPort }: Address): string {
  return `${httpHost.includes(':') ? `[${httpHost}]` : httpHost}:${httpPort}`;
}

/** Buffer limit (highWaterMark) of streams; Node.js 22 and later default to 64 KiB each. */
const CHUNK = 16 * 1024;
setDefaultHighWaterMark(false, CHUNK);

/** Most pictures in one piece: each piece is a read and a write. */
const READ_BYTES = 2 * CHUNK;
/** Shared by all connections: data is copied before the next read. */
const READ = Buffer.allocUnsafeSlow(READ_BYTES);

/**
 * Connections that read 32 KiB at a time, and stop at once when told to. Node's own read up to 64 KiB, and once more
 * after they were told to stop: with a client that reads slowly that would lie in our memory, for each request.
 */
class PooledAgent extends Agent {
  override createConnection(options: NetConnectOpts): Socket {
    return readingLittle((onread) => connect({ ...options, onread }));
  }
}

class PooledTlsAgent extends TlsAgent {
  private readonly trust: () => ConnectionOptions;

  constructor(options: ConstructorParameters<typeof TlsAgent>[0], trust: () => ConnectionOptions) {
    super(options);
    this.trust = trust;
  }

  override createConnection(options: ConnectionOptions): Socket {
    // @types/node does not know that TLS takes `onread` as well.
    return readingLittle((onread) =>
      connectTls({ ...options, ...this.trust(), onread } as ConnectionOptions),
    );
  }
}

function readingLittle(open: (onread: NetConnectOpts['onread']) => Socket): Socket {
  const socket: Socket = open({
    buffer: READ,
    callback: (length: number) => {
      socket.emit('data', Buffer.from(READ.subarray(0, length)));
      return !socket.isPaused();
    },
  });
  return socket;
}

/** Accepts a certificate for the address, or for the host's name, which the broker verified. */
function identityOf({ httpHost, host }: Address): ConnectionOptions['checkServerIdentity'] {
  return (_name, certificate) => {
    const wrong = checkServerIdentity(httpHost, certificate);
    if (wrong === undefined || host === undefined) return wrong;
    return checkServerIdentity(host, certificate) === undefined ? undefined : wrong;
  };
}
