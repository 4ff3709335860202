/* What the steps of one probe have in common. In: steps. Out: nodes that are computed once for all of them, ahead. */
import { eachPart, print, type Node, type TextNode } from './node';
import { treesOf, type ReadyStep } from './ready-step';

/** What every step asks for first: where it does not hold, nothing is computed at all. */
export function askedByAll(steps: readonly ReadyStep[]): readonly Node[] {
  const [first = [], ...others] = steps.map(({ when }) => (when.kind === 'all' ? when.members : [when]));
  const isShared = (node: Node, i: number): boolean =>
    others.every((members) => members[i] !== undefined && print(members[i]) === print(node));
  const end = first.findIndex((node, i) => !isShared(node, i));
  return others.length === 0 ? [] : first.slice(0, end === -1 ? first.length : end);
}

/** Calls and reads that more than one step needs are made once, before the first. */
export function sharedBySteps(steps: readonly ReadyStep[]): readonly Node[] {
  const found = new Map<string, { node: Node; steps: Set<ReadyStep> }>();
  for (const step of steps) {
    for (const tree of treesOf(step)) {
      eachPart(tree, (part: Node | TextNode) => {
        if (part.kind !== 'call' && part.kind !== 'read') return;
        const key = print(part);
        const entry = found.get(key) ?? { node: part, steps: new Set() };
        entry.steps.add(step);
        found.set(key, entry);
      });
    }
  }
  return [...found.values()].filter((entry) => entry.steps.size > 1).map((entry) => entry.node);
}
