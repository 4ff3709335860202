/*
 * Proxies value requests to the aggregator that owns the instrumentation. In: a request and its destination.
 * Out: the aggregator's answer, streamed at the client's speed, without buffering.
 * Next on the walk: www/model/heatmap-feed.ts.
 */
import { CaError } from '../../../../common/service/errors';
import { FRONT_DOOR_HEADER, type DoorKeys } from '../../../../common/http/front-door';
import type { Reply, Request } from '../../../../common/http/http';
import { fire, flightNumber } from '../../../../common/service/probes';
import type { Aggregator } from '../../fleet/members';
import { pairsOf, sameness, sharesOf, unreachable } from './forwarding';
import { collect, lengthOf, pass } from './passing';
import { RefusalPace } from '../refusal-pace';
import { SharedAnswers, type Flight } from './shared-answers';
import { readAnswer } from './upstream-answer';
import { wholeAnswer, type Answered } from './whole-answer';
import {
  nameOf,
  Upstream,
  UPSTREAM_LIMITS,
  type Address,
  type Authorities,
  type UpstreamLimits,
  type UpstreamState,
} from './upstream';

/** Greatest number of aggregators with open connections; the longest idle one is closed. */
const UPSTREAMS = 1000;

export interface Proxy {
  /**
   * Rejects with NO_RESOURCE or TIMED_OUT while nothing was sent; later the connection is cut. `others` have the same
   * values: one of them is asked when the first does not answer, refuses, or does not know the instrumentation.
   */
  forward(
    request: Request,
    to: Asked,
    headers: Readonly<Record<string, string>>,
    others?: readonly Asked[],
  ): Promise<Reply>;
  /** Our own request, with the whole answer; rejects as `forward` does, and when it is longer than `bytesMax`. */
  ask(to: Asked, path: string, json: unknown, gone: AbortSignal, bytesMax: number): Promise<Answered>;
  readonly counts: { forwarded: number; shared: number; pending: number; failed: number; refused: number };
  /** Of each aggregator: how busy it is, and whether it answers. */
  readonly upstreams: readonly UpstreamState[];
  /** No aggregator takes any more requests now. */
  readonly saturated: boolean;
  close(): void;
}

/** The aggregator of a request. The same object until its next hello. */
export type Asked = Address & Pick<Aggregator, 'key'>;

interface ProxyOptions {
  /** Keys with which the front door and an aggregator authenticate each other. */
  readonly keys: (aggregator: Asked) => DoorKeys;
  readonly limits?: Partial<UpstreamLimits>;
  readonly changed?: (address: string, out: boolean) => void;
  /** Undefined: the system's. */
  readonly authorities?: Authorities;
}

/** With it an aggregator answers for an instrumentation that it does not know yet. */
export const SHAPE_HINT = 'x-ca-instn-shape';

export function createProxy({ keys, limits, changed = () => undefined, authorities }: ProxyOptions): Proxy {
  const counts = { forwarded: 0, shared: 0, pending: 0, failed: 0, refused: 0 };
  const sharing = new SharedAnswers();
  const refusals = new RefusalPace();
  const known = new WeakMap<Asked, DoorKeys>();
  const keysOf = (home: Asked): DoorKeys => {
    let keysOfIt = known.get(home);
    if (keysOfIt === undefined) known.set(home, (keysOfIt = keys(home)));
    return keysOfIt;
  };
  /** Least recently used first. */
  const upstreams = new Map<string, Upstream>();
  /** The last of them: most requests in a row have the same address. */
  let latest: { readonly address: Address; readonly upstream: Upstream } | undefined;

  const upstreamOf = (address: Address): Upstream => {
    if (latest?.address === address) return latest.upstream;
    const name = `${nameOf(address)} ${address.tls === true ? (address.host ?? '') : ''}`;
    const known =
      upstreams.get(name) ?? new Upstream(address, { ...UPSTREAM_LIMITS, ...limits }, changed, authorities);
    upstreams.delete(name);
    upstreams.set(name, known);
    for (const [old, upstream] of upstreams) {
      if (upstreams.size <= UPSTREAMS) break;
      if (!upstream.idle) continue;
      upstream.close();
      upstreams.delete(old);
    }
    latest = upstreams.has(name) ? { address, upstream: known } : undefined;
    return known;
  };

  const attempt = (
    request: Request,
    upstream: Upstream,
    { headers, proof, flight, hasOther }: Asking,
    pooled: boolean,
  ): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const { outgoing } = request;
      const { method, url: path } = request;
      const asked = upstream.request({ method, path, headers }, pooled);
      const { doubtMs, answerMs } = upstream.limits;
      const late = (): void => {
        asked.destroy(new CaError('TIMED_OUT', 'the aggregator did not answer in time', { retryAfter: 1 }));
      };
      let isAnswered = false;
      let timer = setTimeout(
        () => {
          timer = setTimeout(late, answerMs - doubtMs);
          upstream.doubt();
          if (!hasOther) return;
          upstream.isAnswering().then(undefined, () => {
            if (!isAnswered) asked.destroy(new CaError('TIMED_OUT', 'the aggregator does not answer'));
          });
        },
        Math.min(doubtMs, answerMs),
      );
      // A client that hangs up must not leave work behind at the aggregator.
      const abandon = (): void => {
        const end = (): void => void asked.destroy();
        if (flight === undefined) end();
        else flight.left(end);
      };
      outgoing.once('close', abandon);
      const settled = (): void => {
        clearTimeout(timer);
      };
      const failed = (error: Error): void => {
        settled();
        outgoing.off('close', abandon);
        reject(Object.assign(error, { reused: asked.reusedSocket }));
      };
      asked.once('response', (answer) => {
        isAnswered = true;
        // An error thrown here would end the process.
        try {
          const passed = readAnswer(answer, proof);
          settled();
          upstream.succeeded();
          if (hasOther && (passed.status === 404 || passed.status >= 500)) {
            throw Object.assign(new CaError('NO_RESOURCE', `the aggregator answers ${passed.status}`), {
              isAnswer: true,
            });
          }
          if (flight?.landed(lengthOf(answer)) === true) {
            collect(answer, passed, request).then((reply) => {
              resolve(reply);
              void flight.deliver(reply, outgoing);
            }, failed);
            return;
          }
          answer.on('error', () => outgoing.destroy()); // half an answer must not look like a whole one
          pass(answer, passed, request);
          resolve({ streamed: true });
        } catch (error) {
          if (outgoing.headersSent) outgoing.destroy();
          answer.removeAllListeners('error').on('error', () => undefined);
          failed(error as Error);
          asked.destroy();
        }
      });
      asked.on('error', failed);
      // Even an empty body would need a second write.
      if (request.body.length > 0) asked.end(request.body);
      else asked.end();
    });

  const forwardTo = async (
    request: Request,
    address: Asked,
    extra: Readonly<Record<string, string>>,
    { hasOther, evenIfOut }: { readonly hasOther: boolean; readonly evenIfOut: boolean },
  ): Promise<Reply> => {
    const upstream = upstreamOf(address);
    const { outgoing } = request;
    const key = sameness(request, upstream.name);
    const second = Math.floor(Date.now() / 1000);
    const other = key === undefined || upstream.out ? undefined : sharing.find(key, second);
    if (other !== undefined) {
      const reply = await other.follow(outgoing);
      if (reply !== undefined) {
        counts.shared++;
        return reply;
      }
    }
    const shares = sharesOf(request);
    try {
      const who = {
        shares,
        get gone() {
          return request.gone;
        },
      };
      await upstream.enter(who, evenIfOut);
    } catch (error) {
      counts.refused++;
      if (!hasOther) await refusals.hold(request);
      throw error;
    }
    if (outgoing.destroyed) {
      upstream.leave(shares);
      return { streamed: true };
    }
    counts.pending++;
    counts.forwarded++;
    const flight = flightNumber();
    const { socket } = request.incoming;
    const sentBefore = socket.bytesWritten;
    fire('proxy-start', () => [flight, request.method, request.url]);
    outgoing.once('close', () => {
      counts.pending--;
      upstream.leave(shares);
      fire('proxy-done', () => [
        flight,
        outgoing.headersSent ? outgoing.statusCode : 0,
        socket.bytesWritten - sentBefore,
      ]);
    });
    const { secret, proof } = keysOf(address);
    const asking = {
      headers: pairsOf(request, {
        host: upstream.name,
        [FRONT_DOOR_HEADER]: secret,
        ...(hasOther ? withoutHint(extra) : extra),
        ...(request.body.length > 0 ? { 'content-length': String(request.body.length) } : {}),
      }),
      proof,
      flight: key === undefined ? undefined : sharing.begin(key, second),
      hasOther,
    };
    const fail = (error: unknown): never => {
      counts.failed++;
      if ((error as { isAnswer?: boolean }).isAnswer !== true) upstream.failed();
      const told = error instanceof CaError ? error : unreachable(error);
      asking.flight?.fail(told);
      throw told;
    };
    try {
      return await attempt(request, upstream, asking, true);
    } catch (error) {
      if (outgoing.destroyed) {
        asking.flight?.fail(unreachable(error));
        return { streamed: true };
      }
      // The other end may close an idle connection just as we use it: retrying a read once is safe.
      const isOurs = hasOther && error instanceof CaError;
      if ((error as { reused?: boolean }).reused === true && !outgoing.headersSent && !isOurs) {
        return await attempt(request, upstream, asking, false).catch(fail);
      }
      return fail(error);
    }
  };

  const forwardToAny = async (
    request: Request,
    homes: Asked[],
    headers: Readonly<Record<string, string>>,
  ): Promise<Reply> => {
    homes.sort((a, b) => Number(upstreamOf(a).out) - Number(upstreamOf(b).out));
    for (const home of homes) if (upstreamOf(home).out) upstreamOf(home).passedOver();
    let last = homes.at(-1);
    let isSlow = false;
    for (const home of homes) {
      try {
        return await forwardTo(request, home, headers, { hasOther: true, evenIfOut: false });
      } catch (error) {
        const { headersSent, destroyed } = request.outgoing;
        if (headersSent || destroyed || !(error instanceof CaError)) throw error;
        if (error.code !== 'TIMED_OUT' || isSlow) continue;
        isSlow = true;
        last = home;
      }
    }
    if (last === undefined) throw new TypeError('there is always an aggregator to be asked');
    // None of them would do at once: better late than not at all.
    return forwardTo(request, last, headers, { hasOther: false, evenIfOut: true });
  };

  return {
    counts,
    get upstreams() {
      return [...upstreams.values()].map(({ state }) => state);
    },
    get saturated() {
      return upstreams.size > 0 && [...upstreams.values()].every((upstream) => upstream.saturated);
    },
    forward(request, to, headers, others = []) {
      return others.length === 0
        ? forwardTo(request, to, headers, { hasOther: false, evenIfOut: false })
        : forwardToAny(request, [to, ...others], headers);
    },
    async ask(address, path, json, gone, bytesMax) {
      const upstream = upstreamOf(address);
      const shares = [{ name: path, perFree: 0.5 }];
      await upstream.enter({ shares, gone }).catch((error: unknown) => {
        counts.refused++;
        throw error;
      });
      counts.pending++;
      counts.forwarded++;
      try {
        return await wholeAnswer(upstream, path, { json, gone, bytesMax, keys: keysOf(address) });
      } catch (error) {
        counts.failed++;
        if (error instanceof CaError || gone.aborted) throw error;
        upstream.failed();
        throw unreachable(error);
      } finally {
        counts.pending--;
        upstream.leave(shares);
      }
    },
    close() {
      for (const upstream of upstreams.values()) upstream.close();
      upstreams.clear();
      latest = undefined;
    },
  };
}

/** An aggregator that does not know the instrumentation yet must not answer while another one does. */
function withoutHint({ [SHAPE_HINT]: _, ...known }: Readonly<Record<string, string>>): typeof known {
  return known;
}

interface Asking {
  readonly headers: readonly string[];
  /** Proof that the answer must carry. */
  readonly proof: string;
  /** The flight whose answer other requests may share. */
  readonly flight: Flight | undefined;
  /** Another aggregator can be asked. */
  readonly hasOther: boolean;
}
