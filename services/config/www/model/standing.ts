/* How an instrumentation stands on its nodes, in a sentence. In: the counts of node states. Out: text, '' when all is well. */
import { tenths } from './numbers.ts';
import type { Clocks, Disk, Instrumentation, NodeState } from './answers.ts';

function nodes(n: number): string {
  return n === 1 ? '1 node' : `${n} nodes`;
}

export function standingText(i: Instrumentation): string {
  const { enabled = 0, enabling = 0, failed = 0, stopped = 0, unsupported = 0 } = i.state ?? {};
  const all = enabled + enabling + failed + stopped + unsupported;
  if (i.state === undefined || all === enabled)
    return i.state !== undefined && all === 0 ? 'No node is online to count this.' : '';
  const parts = [
    enabling > 0 ? `${nodes(enabling)} getting ready` : '',
    failed > 0 ? `${nodes(failed)} failed: ${reasonOf(i.nodes, 'failed')}` : '',
    unsupported > 0 ? `${nodes(unsupported)} cannot measure this` : '',
    stopped > 0
      ? `${nodes(stopped)} stopped${reasonOf(i.nodes, 'stopped') === '' ? '' : `: ${reasonOf(i.nodes, 'stopped')}`}`
      : '',
  ].filter((part) => part !== '');
  return `${enabled} of ${nodes(all)} counting; ${parts.join('; ')}.`;
}

/** The reason most of them give, and on which node. */
function reasonOf(list: readonly NodeState[] | undefined, state: NodeState['state']): string {
  const one = list?.find((node) => node.state === state && node.reason !== undefined);
  if (one?.reason === undefined) return state === 'failed' ? 'see the list of what runs' : '';
  return `${one.reason.replace(/\.$/, '')} (${one.node})`;
}

/** ["2 clocks off", what is done about it], or nothing where all clocks agree. */
export function clocksText(clocks: Clocks | undefined): readonly [string, string] | undefined {
  if (clocks === undefined) return undefined;
  const { node, offset_ms, shifted_seconds } = clocks.worst;
  const seconds = tenths(Math.abs(offset_ms / 1000));
  const side = offset_ms > 0 ? 'ahead' : 'behind';
  if (clocks.set !== undefined) {
    return [
      clocks.set === 1 ? '1 clock was set' : `${clocks.set} clocks were set`,
      `${node ?? 'A node'} is ${seconds} s ${side} now; what it counted in seconds that were skipped or repeated is lost.`,
    ];
  }
  const shifted = Math.abs(shifted_seconds) === 1 ? '1 second' : `${Math.abs(shifted_seconds)} seconds`;
  return [
    clocks.nodes === 1 ? '1 clock off' : `${clocks.nodes} clocks off`,
    `${node ?? 'A node'} is ${seconds} s ${side}; its values are moved by ${shifted} to where they belong.`,
  ];
}

/** ["not on disk", what that means], or nothing where all is well or nothing is kept. */
export function diskText(disk: Disk | undefined): readonly [string, string] | undefined {
  if (disk === undefined) return undefined;
  const reason = disk.reason === undefined ? '' : ` (${disk.reason})`;
  if (!disk.written)
    return [
      'not on disk',
      `The disk refuses values${reason}; they stay in memory, and are lost if that ends before it is mended.`,
    ];
  const what = disk.read
    ? `${disk.damaged_bytes} bytes on disk were damaged`
    : `The disk could not be read${reason}`;
  return ['disk damaged', `${what}; the seconds in it read as missing.`];
}

/** Why events are lost: what a node has counted of it, or what may be. */
export function whyLost(list: readonly NodeState[] | undefined): string {
  const telling = (list ?? []).filter(({ reason }) => reason !== undefined && LOST.test(reason));
  const [first] = telling;
  if (first?.reason === undefined) return WHY_LOST;
  const more = telling.length > 1 ? `, and ${telling.length - 1} more` : '';
  return `${first.reason} (${first.node}${more})`;
}

const LOST = /\bevents (?:are|were) lost: /;

/** Of seconds long ago, which nodes tell no more of. */
export const WHY_LOST =
  'a node had more different keys and values in one second, or more calls under way at once, than its kernel remembers ' +
  '(filter, or split by a field with fewer values), or its report could not be kept';
