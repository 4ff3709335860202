/* `cactl node`: the inventory of nodes; draining, forgetting and revoking them. */
import type { InventoryAnswer, InventoryNode } from '../../../common/api/nodes';
import { spanText } from '../../../common/model/unit';
import type { Command } from '../../cli/command';
import { EXIT, UsageError } from '../../cli/options';
import { table } from '../../cli/screen/table';
import type { Session } from '../../cli/system/session';

const ACTIONS = ['list', 'expect', 'drain', 'resume', 'revoke', 'forget'] as const;
type Action = (typeof ACTIONS)[number];

const STATES = { drain: 'drained', resume: 'active', revoke: 'revoked' } as const;
const DONE: Readonly<Record<keyof typeof STATES | 'forget', string>> = {
  drain: 'is drained: it gathers nothing and is not missed; cactl node resume brings it back',
  resume: 'is back in the fleet',
  revoke: 'is revoked: nothing of it counts or is answered from now on; forget it before it joins again',
  forget: 'is forgotten',
};
const PAGE = 1000;

export const node: Command = {
  name: 'node',
  about: 'the nodes that there should be, and which are silent',
  details: [
    'Lists the inventory: nodes that joined (cloud-analytics join) or were named with expect, until they are forgotten; nodes that ' +
      'never joined and fell silent within a day; and guests, which are here and never joined. A node that is silent is what ' +
      'cactl summary says first.',
    'drain takes a node out for maintenance: it stops gathering and is not missed, until resume. revoke is for a credential that ' +
      'is lost: nothing that this node says counts, nothing is answered to it, and its credential is not renewed. forget frees ' +
      'its name. expect adds nodes whose credentials somebody else has made; --online: all that are here now.',
  ],
  arguments: [
    {
      name: 'ACTION',
      about: 'list (default), expect, drain, resume, revoke or forget',
      optional: true,
      complete: ACTIONS,
    },
    { name: 'HOST', about: 'names of nodes', optional: true, repeat: true },
  ],
  options: [
    { name: 'silent', about: 'list only those that are missed' },
    { name: 'online', about: 'expect all that are here now' },
  ],
  examples: [
    { line: 'cactl node list --silent', about: 'Who is missing.' },
    { line: 'cactl node drain db3', about: 'Before its kernel is updated.' },
    { line: 'cactl node revoke db3', about: 'Its credential may be in other hands.' },
    {
      line: 'cactl node expect --online',
      about: 'From now on all of these are missed when they fall silent.',
    },
  ],
  async run({ args, options, session }) {
    const [word = 'list', ...hosts] = args;
    const action = ACTIONS.find((known) => known === word);
    if (action === undefined) throw new UsageError(`node knows ${ACTIONS.join(', ')}, not ${word}`);
    if (action === 'list') {
      if (hosts.length > 0) throw new UsageError('list takes no names of nodes');
      return list(session, options.has('silent'));
    }
    if (options.has('silent')) throw new UsageError('--silent is for list');
    if (action === 'expect') return expect(session, hosts, options.has('online'));
    return change(session, action, hosts);
  },
};

async function list(session: Session, silentOnly: boolean): Promise<number> {
  const nodes: InventoryNode[] = [];
  let answer: InventoryAnswer;
  do {
    answer = (await session.front.json('/admin/nodes', {
      query: { state: silentOnly ? 'silent' : undefined, from: String(nodes.length), limit: String(PAGE) },
    })) as InventoryAnswer;
    nodes.push(...answer.nodes);
  } while (answer.left > 0 && answer.nodes.length > 0);
  if (session.json) {
    session.printJson({ ...answer, nodes, left: 0 });
    return EXIT.ok;
  }
  const now = session.io.clock.now();
  const { expected, silent, drained, revoked } = answer;
  session.print([
    `${expected} expected, ${silent} silent, ${drained} drained, ${revoked} revoked`,
    ...(nodes.length === 0
      ? []
      : table(
          [
            { title: 'NODE', least: 8 },
            { title: 'STATE' },
            { title: 'FOR', align: 'right' },
            { title: 'JOINED BY', drop: 1 },
          ],
          nodes.map(({ host, state, changed, joined, token }) => [
            host,
            state,
            changed === undefined || state === 'online' ? '' : spanText(now - changed),
            joined === undefined ? '' : (token ?? 'an operator'),
          ]),
          session.screen.columns,
        )),
  ]);
  return EXIT.ok;
}

async function expect(session: Session, hosts: readonly string[], online: boolean): Promise<number> {
  if (hosts.length === 0 && !online) throw new UsageError('name nodes, or say --online');
  const { added } = (await session.front.json('/admin/nodes', {
    method: 'POST',
    body: { hosts, online },
  })) as {
    added: number;
  };
  if (session.json) session.printJson({ added });
  else session.print([`${added} more expected`]);
  return EXIT.ok;
}

async function change(
  session: Session,
  action: Exclude<Action, 'list' | 'expect'>,
  hosts: readonly string[],
): Promise<number> {
  if (hosts.length === 0) throw new UsageError(`HOST is missing; usage: cactl node ${action} HOST …`);
  const rows: unknown[] = [];
  for (const host of hosts) {
    const path = `/admin/nodes/${encodeURIComponent(host)}`;
    if (action === 'forget') await session.front.json(path, { method: 'DELETE' });
    else rows.push(await session.front.json(path, { method: 'PUT', body: { state: STATES[action] } }));
    if (!session.json) session.print([`${host} ${DONE[action]}`]);
  }
  if (session.json) session.printJson(rows);
  return EXIT.ok;
}
