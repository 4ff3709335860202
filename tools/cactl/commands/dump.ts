/* `cactl dump`: a live service writes a dump of its state. Over the broker alone. */
import type { Command } from '../../cli/command';
import { EXIT } from '../../cli/options';
import { outline } from '../../cli/screen/outline';
import { keyOfService, serviceOfKey } from '../../cli/system/services';
import { visible } from '../../cli/screen/visible';

export const dump: Command = {
  name: 'dump',
  about: 'have a service write all of its state into a file',
  details: [
    'The service writes one JSON file below its own CA_HOME/dumps, on its own machine, and goes on: its status, ' +
      'instrumentations, connections, last warnings and errors, and Node’s diagnostic report with stacks, memory and ' +
      'handles. Passwords, tokens and foreign environment variables are left out. Where the file is and what matters ' +
      'most is printed; with -o json the content comes along where it has at most 1 MiB. SERVICE is as in "cactl ping".',
    'A service that is stuck does not answer. It needs no asking: after CA_WATCHDOG_S seconds a thread of it writes ' +
      'the same file by itself, with the stack of what it is busy with, and its log says where.',
    'Exits with 1 when nobody listens at that key, and with 3 when somebody does and gives no answer in time.',
  ],
  arguments: [{ name: 'SERVICE', about: 'who is to write', complete: 'service' }],
  options: [],
  examples: [
    { line: 'cactl dump aggregator.db1-0', about: 'Writes the file and says where.' },
    { line: 'cactl dump config -o json | jq .dump.errors', about: 'Its last warnings and errors.' },
  ],
  async run({ args, session }) {
    const { peer, routes } = await session.bus();
    const key = keyOfService(args[0] ?? '', routes);
    const answer = await peer.call(key, 'dump', { content: session.json }, session.timeoutMs);
    if (session.json) session.printJson(answer);
    else {
      const { file, bytes, summary } = answer;
      session.print([
        `${visible(serviceOfKey(key, routes))} wrote ${visible(String(file))} (${String(bytes)} bytes)`,
        ...outline(summary as Record<string, unknown>, session.screen.columns, session.io.clock.now()),
      ]);
    }
    return EXIT.ok;
  },
};
