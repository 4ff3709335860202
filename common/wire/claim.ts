/*
 * A name on the bus belongs to one service. In: a peer that wants its name. Out: the peer is connected, or a live
 * service already has the name.
 *
 * The broker lets one connection consume from a queue. After a crash or a cut cable that is our own dead connection, which
 * the broker drops after about 9 s. The config service is asked whether it is alive; others count as alive when they
 * hold their name for longer than a dead connection can.
 */
import { Backoff, jittered } from '../service/backoff';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../service/errors';
import { LIMITS } from '../service/limits';
import { SILENT } from '../service/log';
import { connectBroker } from './broker/broker';
import { CONTROL_CONTENT, encodeMessage, PROTOCOL_VERSION, type Message } from './message';
import { Peer, type PeerOptions } from './peer';

/** A name held by a dead connection is waited for; the broker frees it after about 9 s. */
const NAME_HELD_MS = 45_000;

const MACHINE_LENGTH = 255;
const PAUSES_MS = { first: 100, most: 2000 };
/** A dead connection is gone before this, where the broker is not busy. */
const DEAD_MS = 20_000;

/**
 * Resolves when `peer` is connected; waits for the broker as long as it takes. Rejects when a living service has the
 * name, or something that does not answer held it for NAME_HELD_MS. `peer` must have been made with
 * `firstAttempts: 0`.
 */
export async function claim(
  peer: Peer,
  who: Pick<PeerOptions, 'url' | 'credentials' | 'routes' | 'host' | 'clock' | 'log'>,
): Promise<void> {
  const { clock, log } = who;
  const canAsk = peer.key === who.routes.config;
  let heldSince: number | undefined;
  const backoff = new Backoff(PAUSES_MS);
  for (;;) {
    try {
      await peer.connect();
      return;
    } catch (error) {
      const reason = messageOf(error);
      if (!/in exclusive use|RESOURCE_LOCKED/.test(reason)) {
        heldSince = undefined;
        log.warn({ reason }, 'cannot connect to the broker yet');
      } else {
        heldSince ??= clock.now();
        const held = clock.now() - heldSince;
        if (canAsk ? await answers(peer.key, who) : held > DEAD_MS) {
          await tellRival(peer.key, who).catch(() => undefined);
          throw new Error(
            `another ${peer.key} is running on this broker; fix: end it, or give this one another name`,
            {
              cause: error,
            },
          );
        }
        if (held > NAME_HELD_MS) {
          throw new Error(`${peer.key} is held by a connection that does not answer: ${reason}`, {
            cause: error,
          });
        }
        log.warn({ name: peer.key }, 'our name is still held by another connection; waiting');
      }
      await pause(jittered(backoff.failed()));
    }
  }
}

/** Reports the rival to the config service, so that not only the log of the ending process has it. */
async function tellRival(
  key: string,
  {
    url,
    credentials,
    routes,
    host,
    clock,
  }: Pick<PeerOptions, 'url' | 'credentials' | 'routes' | 'host' | 'clock'>,
): Promise<void> {
  if (key === routes.config) return;
  const broker = await connectBroker({
    url,
    credentials,
    routes,
    queue: key,
    listens: false,
    log: SILENT,
    firstAttempts: 0,
    onUp: () => undefined,
    onDown: () => undefined,
    onMessage: () => undefined,
  });
  const message: Message = {
    version: PROTOCOL_VERSION,
    type: 'rival',
    id: '-',
    time: clock.now(),
    host,
    from: key,
    body: { machine: hostname().slice(0, MACHINE_LENGTH) },
  };
  broker.publish(routes.config, encodeMessage(message), { contentType: CONTROL_CONTENT, type: message.type });
  // An orderly close flushes what was sent.
  await broker.close();
}

/** True if a service at that key answers a ping. */
async function answers(
  key: string,
  who: Pick<PeerOptions, 'url' | 'credentials' | 'routes' | 'host' | 'clock'>,
): Promise<boolean> {
  const asker = new Peer({ ...who, log: SILENT, key: `${key}:${randomUUID()}`, firstAttempts: 0 });
  try {
    await asker.connect();
    await asker.call(key, 'ping', {}, LIMITS.toolAnswerMs);
    return true;
  } catch {
    return false;
  } finally {
    await asker.close();
  }
}
