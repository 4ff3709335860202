/* `cactl change`: how long values and the question itself are kept, and whether it counts, without losing values. */
import type { ChangesRequest, InstrumentationAnswer } from '../../../common/api/instrumentation';
import type { Command } from '../../cli/command';
import { EXIT, UsageError } from '../../cli/options';
import { instrumentationPath } from '../../cli/system/resources';
import { idleSecondsOf, wholeSecondsOf } from '../../cli/system/session';
import { replicasOf } from '../question';
import { keptText } from '../keeping';
import { idText } from './list';

const SWITCHES: Readonly<
  Record<string, readonly [on: string, off: string, property: 'persist-data' | 'enabled']>
> = {
  disk: ['persist', 'no-persist', 'persist-data'],
  counting: ['resume', 'pause', 'enabled'],
};

export const change: Command = {
  name: 'change',
  about: 'how long something is kept, and whether it counts',
  details: [
    'Changes an instrumentation in place; its values stay. Retention is how far back values reach; idle, after how long without ' +
      'anybody looking the whole instrumentation is deleted; persist, whether values are on disk too and come back after a restart.',
    'The question itself (metric, by, where, granularity) cannot be changed: see cactl clone.',
  ],
  arguments: [{ name: 'ID', about: 'which instrumentation', complete: 'instrumentation' }],
  options: [
    { name: 'retention', value: 'TIME', about: 'how long values are kept, such as 1h' },
    {
      name: 'idle',
      value: 'TIME',
      about: 'delete it when nobody has looked for so long; never: only when somebody says so',
    },
    { name: 'persist', about: 'keep its values on disk too' },
    { name: 'no-persist', about: 'keep its values in memory alone' },
    { name: 'replicas', value: 'N', about: 'how many aggregators have its values; with 2, one may fail' },
    { name: 'pause', about: 'stop counting; values stay' },
    { name: 'resume', about: 'count again' },
  ],
  examples: [
    { line: 'cactl change 7 --retention 1h --idle never', about: 'Keep it, and an hour of it.' },
    { line: 'cactl change 7 --replicas 2', about: 'From now on one aggregator may fail without a gap.' },
    { line: 'cactl change 7 --pause', about: 'Stop what it costs, keep what it counted.' },
  ],
  async run({ args, options, session }) {
    const body: { -readonly [K in keyof ChangesRequest]: ChangesRequest[K] } = {};
    const retention = options.get('retention');
    const idle = options.get('idle');
    if (retention !== undefined) body['retention-time'] = wholeSecondsOf(retention, '--retention');
    if (idle !== undefined) body['idle-max'] = idleSecondsOf(idle);
    if (options.has('replicas')) body.replicas = replicasOf(options.get('replicas'));
    for (const [on, off, property] of Object.values(SWITCHES)) {
      if (options.has(on) && options.has(off))
        throw new UsageError(`--${on} and --${off} exclude each other`);
      if (options.has(on) || options.has(off)) body[property] = options.has(on);
    }
    if (Object.keys(body).length === 0)
      throw new UsageError(
        'nothing is to be changed: say --retention, --idle, --persist, --replicas or --pause',
      );
    const path = instrumentationPath(args[0] ?? '');
    const changed = (await session.front.json(path, { method: 'PUT', body })) as InstrumentationAnswer;
    if (session.json) session.printJson(changed);
    else session.print([`${idText(changed)} ${keptText(changed)}${changed.enabled ? '' : '; paused'}`]);
    return EXIT.ok;
  },
};
