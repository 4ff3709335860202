/* `cactl list`: all instrumentations, one line each. */
import type { InstrumentationAnswer, StateCounts } from '../../../common/api/instrumentation';
import { spanText } from '../../../common/model/unit';
import type { Command } from '../../cli/command';
import { EXIT } from '../../cli/options';
import { dyingText } from '../keeping';
import { whereText } from '../question';
import { description, instrumentations } from '../../cli/system/resources';
import { table } from '../../cli/screen/table';

export const list: Command = {
  name: 'list',
  about: 'the instrumentations there are',
  details: [
    'One line for each instrumentation: its id, metric, breakdown, predicate, on how many nodes it runs, and its age. ' +
      'With --all those of every customer too.',
  ],
  arguments: [],
  options: [{ name: 'all', short: 'a', about: 'of all customers too (operators)' }],
  examples: [
    { line: 'cactl list', about: 'What is being counted?' },
    { line: 'cactl list -o json', about: 'The same as the API answers it.' },
  ],
  async run({ options, session }) {
    const [found, d] = await Promise.all([
      instrumentations(session.front, options.has('all')),
      session.json ? undefined : description(session.front),
    ]);
    if (session.json) {
      session.printJson(found);
      return EXIT.ok;
    }
    if (found.length === 0) {
      session.print([
        'Nothing is being counted; "cactl create METRIC" starts it, "cactl metrics" lists what there is.',
      ]);
      return EXIT.ok;
    }
    const rows = found.map((i) => [
      idText(i),
      `${i.module}.${i.stat}`,
      i.decomposition.join(','),
      whereText(i, d),
      nodesText(i),
      spanText(session.io.clock.now() - i.crtime),
    ]);
    const columns = [
      { title: 'ID', align: 'right' as const },
      { title: 'METRIC', least: 12 },
      { title: 'BY', least: 4, drop: 1 },
      { title: 'WHERE', least: 5, drop: 2 },
      { title: 'NODES', align: 'right' as const },
      { title: 'AGE', align: 'right' as const },
    ];
    session.print([
      ...table(columns, rows, session.screen.columns),
      ...found.flatMap((i) => dyingText(i, idText(i)) ?? []),
    ]);
    return EXIT.ok;
  },
};

/** A customer's id stands before the number, as the other commands take it. */
export function idText(i: InstrumentationAnswer): string {
  const customer = /\/customers\/([^/]+)\//.exec(i.uri)?.[1];
  return customer === undefined ? i.id : `cust:${decodeURIComponent(customer)};${i.id}`;
}

/** "3" if all nodes gather it, "2/3" if some cannot or do not. */
export function nodesText(i: { readonly nsources: number; readonly state?: Partial<StateCounts> }): string {
  const { enabled = i.nsources, enabling = 0, failed = 0 } = i.state ?? {};
  const wanted = enabled + enabling + failed;
  return wanted === enabled ? String(enabled) : `${enabled}/${wanted}`;
}
