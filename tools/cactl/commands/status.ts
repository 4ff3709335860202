/* `cactl status`: the full status of one service. Over the broker alone. */
import type { Command } from '../../cli/command';
import { EXIT } from '../../cli/options';
import { outline } from '../../cli/screen/outline';
import { keyOfService } from '../../cli/system/services';

export const status: Command = {
  name: 'status',
  about: 'what a service says of itself, over the broker',
  details: [
    'Asks one service for its state and prints all of it: for an aggregator its instrumentations and counters, for an ' +
      'instrumenter its sources, and what runs or why it does not. SERVICE is as in "cactl ping".',
  ],
  arguments: [
    { name: 'SERVICE', about: 'whom to ask (default: config)', optional: true, complete: 'service' },
  ],
  options: [],
  examples: [{ line: 'cactl status instrumenter.db3', about: 'Sources and instrumentations of host db3.' }],
  async run({ args, session }) {
    const { peer, routes } = await session.bus();
    const answer = await peer.call(
      keyOfService(args[0] ?? 'config', routes),
      'status',
      {},
      session.timeoutMs,
    );
    if (session.json) session.printJson(answer);
    else session.print(outline(answer, session.screen.columns, session.io.clock.now()));
    return EXIT.ok;
  },
};
