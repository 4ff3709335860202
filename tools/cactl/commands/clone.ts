/* `cactl clone`: the same question again, with some properties changed. */
import type { InstrumentationAnswer } from '../../../common/api/instrumentation';
import type { Command } from '../../cli/command';
import { EXIT } from '../../cli/options';
import { propertiesOf, QUESTION } from '../question';
import { description, instrumentation, instrumentationPath, metricOf } from '../../cli/system/resources';
import { idText } from './list';

export const clone: Command = {
  name: 'clone',
  about: 'the same question again, with some of it changed',
  details: [
    'Creates an instrumentation like another one; what is given here takes the place of what that one has.',
  ],
  arguments: [{ name: 'ID', about: 'which one', complete: 'instrumentation' }],
  options: QUESTION,
  examples: [{ line: `cactl clone 7 --where 'execname == "mysqld"'`, about: 'The same, of mysqld alone.' }],
  async run({ args, options, session }) {
    const id = args[0] ?? '';
    const [i, d] = await Promise.all([instrumentation(session.front, id), description(session.front)]);
    const {
      module: _module,
      stat: _stat,
      ...body
    } = propertiesOf(options, metricOf(d, `${i.module}.${i.stat}`), d);
    const path = `${instrumentationPath(id)}/clone`;
    const created = (await session.front.json(path, { method: 'POST', body })) as InstrumentationAnswer;
    if (session.json) session.printJson(created);
    else
      session.print([
        `created ${idText(created)} from ${idText(i)}; see it with: cactl watch ${idText(created)}`,
      ]);
    return EXIT.ok;
  },
};
