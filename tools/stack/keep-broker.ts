/*
 * A private broker that is restarted when it exits by itself, with growing pauses, like every other service.
 * In: the broker. Out: a way to stop both. Services connect again by themselves, on the same port with the same state.
 */
import { Backoff } from '../../common/service/backoff';
import { messageOf } from '../../common/service/errors';
import type { PrivateBroker } from './broker';

const PAUSES_MS = { first: 200, most: 10_000 };

export function keepRunning(broker: PrivateBroker, say: (line: string) => void): { stop(): Promise<void> } {
  let stopping = false;
  const backoff = new Backoff(PAUSES_MS);
  let timer: NodeJS.Timeout | undefined;
  let starting: Promise<void> = Promise.resolve();
  const again = (why: string): void => {
    if (stopping) return;
    say(`${why}; starting it again`);
    timer = setTimeout(() => {
      starting = broker.start().then(
        () => {
          backoff.succeeded();
          say(`RabbitMQ listens on 127.0.0.1:${broker.port} again`);
        },
        async (error: unknown) => {
          await broker.stop();
          again(messageOf(error));
        },
      );
    }, backoff.failed());
  };
  broker.onEnd((how) => again(`RabbitMQ ended (${how})`));
  return {
    async stop() {
      stopping = true;
      clearTimeout(timer);
      await broker.stop();
      // One that was just starting has noticed; what it began meanwhile ends too.
      await starting;
      await broker.stop();
    },
  };
}
