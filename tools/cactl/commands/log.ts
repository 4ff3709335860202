/* `cactl log`: leaves a line in a service's own log, to mark what an operator did and when. Over the broker alone. */
import type { Command } from '../../cli/command';
import { EXIT, UsageError } from '../../cli/options';
import { keyOfService, serviceOfKey } from '../../cli/system/services';
import { LIMITS } from '../../../common/service/limits';
import { jsonText, visible } from '../../cli/screen/visible';

export const log: Command = {
  name: 'log',
  about: 'write a line into a service’s log',
  details: [
    'The service writes TEXT into its log beside its own lines, with the sender’s routing key: a mark that says when ' +
      'somebody changed something. SERVICE is named as for cactl ping.',
    'Exits with 1 when nobody listens at that key, and with 3 when somebody does and gives no answer in time.',
  ],
  arguments: [
    { name: 'SERVICE', about: 'whose log', complete: 'service' },
    { name: 'TEXT', about: `what to write (at most ${LIMITS.logTextLength} characters)` },
  ],
  options: [],
  examples: [{ line: "cactl log config 'disk of db3 replaced'", about: 'Marks the moment.' }],
  async run({ args, session }) {
    const [service = '', text = ''] = args;
    if (text === '' || text.length > LIMITS.logTextLength) {
      throw new UsageError(`TEXT must have 1 to ${LIMITS.logTextLength} characters, not ${text.length}`);
    }
    const { peer, routes } = await session.bus();
    const key = keyOfService(service, routes);
    await peer.call(key, 'log', { text }, session.timeoutMs);
    const name = serviceOfKey(key, routes);
    session.print([
      session.json ? jsonText({ service: name, logged: text }) : `${visible(name)} wrote it down`,
    ]);
    return EXIT.ok;
  },
};
