/* From a panel to one of the questions that led to it. In: the panel, the step. Out: a panel in its place that asks it. */
import { runningLike } from '../board/board-model.ts';
import { questionOfStep } from '../model/trail.ts';
import { newPanel } from '../model/url-state.ts';
import type { Context } from '../ui/context.ts';
import type { PanelSet } from './panel-set.ts';

export function goBack(context: Context, set: PanelSet, id: string, at: number): void {
  const from = set.find(id)?.state;
  const step = from?.trail[at];
  if (from === undefined || step === undefined) return;
  const question = questionOfStep(from, step);
  const look = { box: step.box, window: from.window, end: from.end, trail: from.trail.slice(0, at) };
  context.change(async () => {
    const known = runningLike(question, context.running() ?? []);
    if (known === undefined) await context.ask(question, id, look);
    else if (set.find(known.id) === undefined) set.open({ ...newPanel(known.id), ...look }, id);
    if (known?.id !== id) set.close(id);
    if (known !== undefined)
      set.find(known.id)?.element.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
  });
}
