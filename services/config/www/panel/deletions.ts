/* What a click deletes, so that it can be taken back. In: an instrumentation, or a board. Out: it is gone, some seconds later. */
import type { BoardControl } from '../board/board-control.ts';
import type { Instrumentation } from '../model/answers.ts';
import { titleOf } from '../model/question.ts';
import type { Context } from '../ui/context.ts';
import type { PanelSet } from './panel-set.ts';

export function deleteInstrumentation(context: Context, set: PanelSet, i: Instrumentation): void {
  const { api, undo } = context;
  const shown = set.states;
  set.close(i.id);
  undo.later(
    i.id,
    `${titleOf(context.catalogue(), i)} is deleted, with its values.`,
    (leaving) => {
      if (leaving) api.removeLeaving(i.id);
      else context.change(() => api.remove(i.id));
    },
    () => {
      if (!shown.some(({ id }) => id === i.id)) return;
      set.show(shown);
      context.changed();
    },
  );
}

/** Its pictures stay. */
export function deleteBoard(
  context: Context,
  set: PanelSet,
  control: BoardControl,
  { id, name }: { readonly id: string; readonly name: string },
): void {
  const { api, undo } = context;
  const shown = set.states;
  control.forget();
  undo.later(
    `board ${id}`,
    `Board “${name}” is deleted.`,
    (leaving) => {
      if (leaving) api.removeBoardLeaving(id);
      else context.change(() => api.removeBoard(id));
    },
    () => {
      set.show(shown);
      void control.open(id);
    },
  );
}
