/*
 * One aggregator as the front door sees it: a pool of connections, the line before it, and whether it is in rotation.
 * In: its address. Out: a place in its pool, or a refusal at once. What happens to one aggregator concerns no other.
 */
import { Agent, request as httpRequest } from 'node:http';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { setDefaultHighWaterMark } from 'node:stream';
import { CaError } from '../../../common/service/errors';
import { LIMITS } from '../../../common/service/limits';
import { AdmissionQueue, type Waiting } from './admission-queue';
import { CircuitBreaker } from './circuit-breaker';

export interface Address {
  readonly httpHost: string;
  readonly httpPort: number;
}

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
  /** After this without an answer the aggregator is asked whether it is alive; and it must answer that within twice this. */
  readonly doubtMs: number;
  readonly probeMs: number;
  readonly probeMsMax: number;
}

export const UPSTREAM_LIMITS: UpstreamLimits = {
  connections: LIMITS.proxyConnections,
  waiting: LIMITS.proxyWaiting,
  waitMs: LIMITS.proxyWaitMs,
  answerMs: LIMITS.proxyAnswerMs,
  doubtMs: LIMITS.proxyDoubtMs,
  probeMs: LIMITS.proxyProbeMs,
  probeMsMax: LIMITS.proxyProbeMsMax,
};

export class Upstream {
  readonly agent: Agent;
  readonly limits: UpstreamLimits;
  private readonly line: AdmissionQueue;
  private readonly rotation: CircuitBreaker;
  private readonly address: Address;

  constructor(address: Address, limits: UpstreamLimits, changed: (address: string, out: boolean) => void) {
    this.address = address;
    this.limits = limits;
    this.agent = new PooledAgent({ keepAlive: true, maxSockets: limits.connections, scheduling: 'lifo' });
    this.line = new AdmissionQueue({
      width: limits.connections,
      length: limits.waiting,
      patienceMs: limits.waitMs,
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

  get name(): string {
    return nameOf(this.address);
  }

  get idle(): boolean {
    return this.line.running === 0;
  }

  get state(): UpstreamState {
    const { running, length } = this.line;
    return { address: this.name, running, waiting: length, inRotation: !this.rotation.out };
  }

  get saturated(): boolean {
    return this.line.full;
  }

  /** A place in the pool, to be given back with `leave`. Rejects with NO_RESOURCE and when to try again. */
  async enter(who: Waiting): Promise<void> {
    this.refuseWhenOut();
    await this.line.enter(who);
    if (!this.rotation.out) return;
    this.line.leave();
    this.refuseWhenOut();
  }

  leave(): void {
    this.line.leave();
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

  /** Any answer will do: it is alive. */
  private probe(): Promise<void> {
    const { httpHost: host, httpPort: port } = this.address;
    return new Promise((resolve, reject) => {
      const asked = httpRequest({ host, port, path: '/healthz', agent: false }, (answer) => {
        clearTimeout(timer);
        answer.resume();
        resolve();
      });
      const timer = setTimeout(() => asked.destroy(new Error('no answer')), 2 * this.limits.doubtMs);
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

/** What streams hold before they say that it is enough; from Node.js 22 on it would be 64 KiB for each of them. */
const CHUNK = 16 * 1024;
setDefaultHighWaterMark(false, CHUNK);

/** One for all connections: what arrives is copied before anything else can be read. */
const READ = Buffer.allocUnsafeSlow(CHUNK);

/**
 * Connections that read 16 KiB at a time, and stop at once when told to. Node's own read up to 64 KiB, and once more
 * after they were told to stop: with a client that reads slowly that would lie in our memory, for each request.
 */
class PooledAgent extends Agent {
  override createConnection(options: NetConnectOpts): Socket {
    const socket: Socket = connect({
      ...options,
      onread: {
        buffer: READ,
        callback: (length: number) => {
          socket.emit('data', Buffer.from(READ.subarray(0, length)));
          return !socket.isPaused();
        },
      },
    });
    return socket;
  }
}
