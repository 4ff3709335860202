/* `cactl abort`: a service writes a dump of its state and exits; its supervisor restarts it. Over the broker alone. */
import { LIMITS } from '../../../common/service/limits';
import type { Command } from '../../cli/command';
import { EXIT, UsageError } from '../../cli/options';
import { keyOfService, serviceOfKey } from '../../cli/system/services';
import { visible } from '../../cli/screen/visible';

export const abort: Command = {
  name: 'abort',
  about: 'have a service write its state into a file and end',
  details: [
    'The service does what "cactl dump" does and then ends with status 70, so that make run, systemd or SMF starts it ' +
      'anew: for a service that misbehaves in a way that somebody should look at later. Instrumentations live on; what an ' +
      'aggregator held in memory alone is gone, unless they have persist-data.',
    'A service that is stuck cannot do this; its watchdog ends it (CA_WATCHDOG_EXIT).',
    'Exits with 1 when nobody listens at that key, and with 3 when somebody does and gives no answer in time.',
  ],
  arguments: [{ name: 'SERVICE', about: 'who is to end', complete: 'service' }],
  options: [{ name: 'reason', short: 'r', value: 'TEXT', about: 'why, for its log and dump' }],
  examples: [{ line: "cactl abort aggregator.db1-0 -r 'memory grows'", about: 'Ends it; leaves a dump.' }],
  async run({ args, options, session }) {
    const reason = options.get('reason');
    if (reason !== undefined && (reason === '' || reason.length > LIMITS.logTextLength)) {
      throw new UsageError(
        `--reason must have 1 to ${LIMITS.logTextLength} characters, not ${reason.length}`,
      );
    }
    const { peer, routes } = await session.bus();
    const key = keyOfService(args[0] ?? '', routes);
    const answer = await peer.call(key, 'abort', reason === undefined ? {} : { reason }, session.timeoutMs);
    if (session.json) session.printJson(answer);
    else {
      const name = visible(serviceOfKey(key, routes));
      session.print([`${name} wrote ${visible(String(answer['file']))} and ends`]);
    }
    return EXIT.ok;
  },
};
