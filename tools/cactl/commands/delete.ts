/* `cactl delete`: stop counting and forget the values. */
import type { Command } from '../../cli/command';
import { EXIT } from '../../cli/options';
import { instrumentationPath } from '../../cli/system/resources';
import { visible } from '../../cli/screen/visible';

export const remove: Command = {
  name: 'delete',
  about: 'stop counting, and forget the values',
  details: [
    'Deletes instrumentations: their probes are taken out of the kernels of all nodes and their values are gone.',
  ],
  arguments: [{ name: 'ID', about: 'which ones', repeat: true, complete: 'instrumentation' }],
  options: [],
  examples: [{ line: 'cactl delete 7 8', about: 'Two at once.' }],
  async run({ args, session }) {
    const paths = args.map((id) => [id, instrumentationPath(id)] as const);
    for (const [id, path] of paths) {
      await session.front.json(path, { method: 'DELETE' });
      if (!session.json) session.print([`deleted ${visible(id)}`]);
    }
    if (session.json) session.printJson({ deleted: args });
    return EXIT.ok;
  },
};
