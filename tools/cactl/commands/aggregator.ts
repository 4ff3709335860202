/* `cactl aggregator`: which there are, and draining them before maintenance. */
import { setTimeout as pause } from 'node:timers/promises';
import type { AggregatorsAnswer, DrainedAnswer } from '../../../common/api/aggregators';
import type { Command } from '../../cli/command';
import { EXIT, UsageError } from '../../cli/options';
import { table } from '../../cli/screen/table';
import type { Session } from '../../cli/system/session';

const ACTIONS = ['list', 'drain', 'undrain'] as const;
const LOOK_EVERY_MS = 1000;
/** An aggregator's values are moved within minutes. */
const LOOKS = 900;

export const aggregator: Command = {
  name: 'aggregator',
  about: 'the aggregators, and draining them before maintenance',
  details: [
    'drain moves all that an aggregator has to others, with its past, and gives it nothing new; NAME is an aggregator, or a host ' +
      'for all that run there. It waits until nothing is left: then the aggregator or the machine can be stopped without a gap. ' +
      'With --no-wait it returns at once. undrain uses it again.',
    'What is left behind when no other aggregator can take it is counted in the list.',
  ],
  arguments: [
    { name: 'ACTION', about: 'list (default), drain or undrain', optional: true, complete: ACTIONS },
    { name: 'NAME', about: 'names of aggregators or hosts', optional: true, repeat: true },
  ],
  options: [{ name: 'no-wait', about: 'do not wait until a drained one has nothing left' }],
  examples: [
    { line: 'cactl aggregator drain ctl2', about: 'Before the machine ctl2 is restarted.' },
    { line: 'cactl aggregator undrain ctl2', about: 'It is back.' },
  ],
  async run({ args, options, session }) {
    const [word = 'list', ...names] = args;
    const action = ACTIONS.find((known) => known === word);
    if (action === undefined) throw new UsageError(`aggregator knows ${ACTIONS.join(', ')}, not ${word}`);
    if (options.has('no-wait') && action !== 'drain') throw new UsageError('--no-wait is for drain');
    if (action === 'list') {
      if (names.length > 0) throw new UsageError('list takes no names');
      return list(session);
    }
    if (names.length === 0) throw new UsageError(`NAME is missing; usage: cactl aggregator ${action} NAME …`);
    const state = action === 'drain' ? 'drained' : 'active';
    for (const name of names) {
      let now = await change(session, name, state);
      for (
        let looks = 0;
        state === 'drained' && !options.has('no-wait') && now.instrumentations > 0;
        looks++
      ) {
        if (looks === LOOKS) {
          session.print([
            `${name} still has ${now.instrumentations} instrumentations; is there another aggregator?`,
          ]);
          return EXIT.timedOut;
        }
        await pause(LOOK_EVERY_MS);
        now = await change(session, name, state);
      }
      if (session.json) session.printJson(now);
      else session.print([`${name} ${doneText(now, state)}`]);
    }
    return EXIT.ok;
  },
};

function doneText({ instrumentations }: DrainedAnswer, state: string): string {
  if (state === 'active') return 'is used again';
  if (instrumentations === 0) return 'is drained: it has nothing left, and can be stopped';
  return `is being drained: it has ${instrumentations} instrumentations left`;
}

async function change(session: Session, name: string, state: string): Promise<DrainedAnswer> {
  const path = `/admin/aggregators/${encodeURIComponent(name)}`;
  return (await session.front.json(path, { method: 'PUT', body: { state } })) as DrainedAnswer;
}

async function list(session: Session): Promise<number> {
  const answer = (await session.front.json('/admin/aggregators')) as AggregatorsAnswer;
  if (session.json) {
    session.printJson(answer);
    return EXIT.ok;
  }
  const columns = [
    { title: 'AGGREGATOR', least: 8 },
    { title: 'HOST', drop: 1 },
    { title: 'STATE' },
    { title: 'INSTRUMENTATIONS', align: 'right' as const },
  ];
  const rows = answer.aggregators.map(({ instance, host = '', state, instrumentations }) => [
    instance,
    host,
    state,
    String(instrumentations),
  ]);
  session.print(table(columns, rows, session.screen.columns));
  return EXIT.ok;
}
