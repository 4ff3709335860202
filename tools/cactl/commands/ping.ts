/* `cactl ping`: whether a service answers, and how fast. Over the broker alone. */
import type { Command } from '../../cli/command';
import { EXIT, UsageError } from '../../cli/options';
import { keyOfService, serviceOfKey } from '../../cli/system/services';
import { jsonText, visible } from '../../cli/screen/visible';

export const ping: Command = {
  name: 'ping',
  about: 'ask a service for a sign of life, over the broker',
  details: [
    'Sends a ping to one service and prints how long its answer took. It goes over the broker alone, so it works while ' +
      'the HTTP front door is down. SERVICE is config, aggregator.INSTANCE, instrumenter.HOST, a host (its instrumenter ' +
      'is meant) or a whole routing key. The last figure is how far the service’s clock is from this one.',
    'Exits with 1 when nobody listens at that key, and with 3 when somebody does and gives no answer in time.',
  ],
  arguments: [
    { name: 'SERVICE', about: 'whom to ask (default: config)', optional: true, complete: 'service' },
  ],
  options: [{ name: 'count', short: 'n', value: 'N', about: 'ask N times, a second apart (default 1)' }],
  examples: [
    { line: 'cactl ping', about: 'Is the config service there?' },
    { line: 'cactl ping instrumenter.db3 -n 5', about: 'Five pings to the instrumenter of host db3.' },
  ],
  async run({ args, options, session }) {
    const count = Number(options.get('count') ?? '1');
    if (!Number.isInteger(count) || count < 1 || count > 1000) {
      throw new UsageError(`--count must be a number from 1 to 1000, not ${options.get('count') ?? ''}`);
    }
    const { peer, routes } = await session.bus();
    const key = keyOfService(args[0] ?? 'config', routes);
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      if (i > 0) await pause(1000, session.io.ended);
      const sent = session.io.clock.now();
      const from = performance.now();
      const { time } = await peer.call(key, 'ping', {}, session.timeoutMs);
      const ms = performance.now() - from;
      times.push(ms);
      const offset = typeof time === 'number' ? Math.round(time - sent - ms / 2) : undefined;
      if (session.json)
        session.print([jsonText({ service: serviceOfKey(key, routes), ms, clockOffsetMs: offset })]);
      else {
        const clock =
          offset === undefined || Math.abs(offset) < 50 ? '' : `, its clock is ${offset} ms off ours`;
        session.print([`${visible(serviceOfKey(key, routes))} answered in ${ms.toFixed(1)} ms${clock}`]);
      }
    }
    return EXIT.ok;
  },
};

export function pause(ms: number, ended: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      ended.removeEventListener('abort', done);
      resolve();
    }
    if (ended.aborted) done();
    else ended.addEventListener('abort', done);
  });
}
