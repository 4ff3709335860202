/* `cactl show`: one instrumentation with all its properties, and its state on each node. */
import type { InstrumentationAnswer } from '../../../common/api/instrumentation';
import { spanText } from '../../../common/model/unit';
import type { Command } from '../../cli/command';
import { EXIT } from '../../cli/options';
import { whereText } from '../question';
import { description, instrumentation } from '../../cli/system/resources';
import { table } from '../../cli/screen/table';
import { visible } from '../../cli/screen/visible';
import { idText } from './list';

/** "deleted when nobody looks for 1h; 59m 3s left" */
function idleText(i: InstrumentationAnswer): string {
  if (i['idle-max'] === 0) return 'never deleted by itself';
  const left = i['idle-left'];
  const rest = left !== undefined ? `; ${spanText(1000 * left)} left` : '';
  return `deleted when nobody looks for ${spanText(1000 * i['idle-max'])}${rest}`;
}

export const show: Command = {
  name: 'show',
  about: 'one instrumentation, and how it stands on each node',
  details: [
    'Prints the properties of an instrumentation and, for each node, whether it gathers, with which source, or why not.',
  ],
  arguments: [
    {
      name: 'ID',
      about: 'number of the instrumentation, or cust:CUSTOMER;NUMBER',
      complete: 'instrumentation',
    },
  ],
  options: [],
  examples: [{ line: 'cactl show 7', about: 'Where does instrumentation 7 run?' }],
  async run({ args, session }) {
    const [i, d] = await Promise.all([
      instrumentation(session.front, args[0] ?? ''),
      description(session.front),
    ]);
    if (session.json) {
      session.printJson(i);
      return EXIT.ok;
    }
    const facts: [string, string][] = [
      ['id', idText(i)],
      ['metric', `${i.module}.${i.stat}`],
      ['by', i.decomposition.join(', ') || '(no breakdown)'],
      ['where', whereText(i, d) || '(everything)'],
      ['granularity', `${i.granularity}s`],
      ['retention', spanText(1000 * i['retention-time'])],
      ['idle', idleText(i)],
      ['on disk', i['persist-data'] ? 'yes' : 'no'],
      ['replicas', String(i.replicas)],
      ...(i.aggregators === undefined ? [] : [['aggregators', i.aggregators.join(', ')] as [string, string]]),
      ['age', spanText(session.io.clock.now() - i.crtime)],
    ];
    const columns = [
      { title: 'NODE', least: 8 },
      { title: 'STATE' },
      { title: 'SOURCE' },
      { title: 'REASON', least: 10 },
    ];
    const rows = (i.nodes ?? []).map(({ node, state, source = '', reason = '' }) => [
      node,
      state,
      source,
      reason,
    ]);
    session.print([
      ...facts.map(([name, text]) => `${name.padEnd(12)} ${visible(text)}`),
      ...(rows.length === 0 ? [] : ['', ...table(columns, rows, session.screen.columns)]),
    ]);
    return EXIT.ok;
  },
};
