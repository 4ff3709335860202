/* `cactl create`: start counting. In: a metric, a breakdown, a predicate. Out: the new instrumentation's id. */
import type { InstrumentationAnswer } from '../../../common/api/instrumentation';
import type { Command } from '../../cli/command';
import { EXIT } from '../../cli/options';
import { propertiesOf, QUESTION } from '../question';
import { description, metricOf } from '../../cli/system/resources';
import { idText } from './list';

export const create: Command = {
  name: 'create',
  about: 'start counting',
  details: [
    'Creates an instrumentation: from the next second on every node that offers METRIC counts it in its kernel. Prints ' +
      'the id, which show, value, watch, heatmap and delete take.',
    'PREDICATE compares fields with constants, joined by && and || and grouped by parentheses: == != < <= > >=, and ' +
      'in (a, b). Constants are texts in quotes (or words without), and numbers with units: ns us ms s m h for times, ' +
      'B KiB MiB GiB TiB (powers of 1024) for sizes, % for shares. Errors point at the column.',
  ],
  arguments: [
    {
      name: 'METRIC',
      about: 'module.stat, such as syscall.syscalls; "cactl metrics" lists them',
      complete: 'metric',
    },
  ],
  options: [
    ...QUESTION,
    {
      name: 'dry-run',
      about: 'create nothing; print the programs that would run: BPF as this kernel would get it, and D',
    },
  ],
  examples: [
    {
      line: `cactl create syscall.syscalls --by execname,latency --where 'execname == "mysqld" && latency > 10ms'`,
      about: 'Slow system calls of mysqld, as a distribution of their latencies.',
    },
    {
      line: 'cactl create disk.physio_ops --by disk,latency --dry-run',
      about: 'What would run in the kernel for it?',
    },
    {
      line: 'cactl create disk.physio_ops --by hostname,latency',
      about: 'Disk operations of all nodes, by node and latency.',
    },
  ],
  async run({ args, options, session }) {
    if (options.has('dry-run')) {
      const { dryLines, dryRun } = await import('../dry.js');
      const dry = await dryRun(args[0] ?? '', options, session.io.host);
      if (session.json) session.printJson(dry);
      else session.print(dryLines(dry));
      return EXIT.ok;
    }
    const d = await description(session.front);
    const metric = metricOf(d, args[0] ?? '');
    const body = propertiesOf(options, metric, d);
    const created = (await session.front.json('/instrumentations', {
      method: 'POST',
      body,
    })) as InstrumentationAnswer;
    if (session.json) session.printJson(created);
    else session.print([`created ${idText(created)}; see it with: cactl watch ${idText(created)}`]);
    return EXIT.ok;
  },
};
