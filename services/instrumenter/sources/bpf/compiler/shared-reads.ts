/* What the steps of one probe have in common. In: steps. Out: nodes that are computed once for all of them, ahead. */
import { eachPart, print, type Node, type TextNode } from './node';
import { treesOf, type ReadyStep } from './ready-step';

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
