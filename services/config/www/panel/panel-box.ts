/*
 * What is special in the panel's box. In: the panel's view and box. Out: a card that fills as answers come; questions asked
 * from it, placed beside, which know the way they came.
 */
import type { SpecialAnswer } from '../../../../common/api/special.ts';
import type { Question } from '../model/answers.ts';
import { ApiError } from '../model/api.ts';
import { boxPredicate } from '../model/box-predicate.ts';
import { explain, explainCost, fieldsToAsk } from '../model/explain.ts';
import { both, isNumericField } from '../model/predicate-form.ts';
import { fieldLabel, questionOf } from '../model/question.ts';
import type { Box } from '../model/box-predicate.ts';
import { specialQuery } from '../model/values/heatmap-query.ts';
import { stepped } from '../model/trail.ts';
import type { View } from '../model/view.ts';
import type { Context } from '../ui/context.ts';
import { h, refill } from '../ui/dom.ts';
import { boxCard, type Everything } from './box-card.ts';
import type { PanelHost } from './panel-host.ts';

const ROWS = 12;

export class PanelBox {
  readonly element = h('div', {});
  private readonly context: Context;
  private readonly panel: PanelHost;
  /** Of which box and field the answer is; what is special in a box does not change while somebody reads it. */
  private asked = '';
  private answer: SpecialAnswer | undefined;
  private problem = '';
  private everything: Everything | undefined;
  private gone = new AbortController();

  constructor(context: Context, panel: PanelHost) {
    this.context = context;
    this.panel = panel;
  }

  /** The box's own answer, for a report. */
  get special(): SpecialAnswer | undefined {
    return this.answer;
  }

  stop(): void {
    this.gone.abort();
  }

  show(view: View): void {
    const { box } = this.panel.state;
    const asked = JSON.stringify([box ?? 0, view.instrumentation.id, view.discrete ?? '']);
    if (asked !== this.asked) {
      this.asked = asked;
      this.gone.abort();
      this.gone = new AbortController();
      this.answer = undefined;
      this.problem = '';
      this.everything = undefined;
      if (box !== undefined) {
        const fields = this.otherFields(view);
        if (view.numeric !== undefined && fields.length > 0)
          this.everything = { state: 'offered', cost: explainCost(fields.length, this.panel.data.cost) };
        void this.ask(view, box, asked);
      }
    }
    this.draw(view);
  }

  private async ask(view: View, box: Box, asked: string): Promise<void> {
    try {
      const query = specialQuery(box, view, view.numeric !== undefined, ROWS);
      if (query === undefined) {
        // Asked for again as soon as the window holds it.
        this.asked = '';
        return;
      }
      const answer = await this.context.api.special(view.instrumentation.id, query);
      if (asked === this.asked) this.answer = answer;
    } catch (error) {
      if (asked === this.asked) this.problem = error instanceof ApiError ? error.message : String(error);
    }
    if (asked === this.asked) this.draw(view);
  }

  private async explainAll(view: View, box: Box): Promise<void> {
    const { numeric, instrumentation } = view;
    if (numeric === undefined || this.everything?.state !== 'offered') return;
    const { asked, gone } = this;
    this.everything = { state: 'asking' };
    this.draw(view);
    let found: Everything;
    try {
      const fields = this.otherFields(view);
      const question = questionOf(instrumentation);
      const explanation = await explain(this.context.api, { question, numeric, fields, box }, gone.signal);
      found = { state: 'there', explanation };
    } catch (error) {
      found = {
        state: 'failed',
        why: error instanceof ApiError ? error.message : 'It could not be found out.',
      };
    }
    if (asked !== this.asked) return;
    this.everything = found;
    this.draw(view);
  }

  private otherFields(view: View): readonly string[] {
    const catalogue = this.context.catalogue();
    const discrete = (view.metric?.fields ?? []).filter((field) => !isNumericField(catalogue, field));
    return fieldsToAsk(discrete, view.discrete);
  }

  private draw(view: View): void {
    const { box } = this.panel.state;
    const { answer, problem, everything } = this;
    const isInWindow = box === undefined || (box.end > view.start && box.start < view.end);
    const key = [this.asked, answer ?? 0, problem, everything ?? 0, box ?? 0, isInWindow];
    refill(this.element, JSON.stringify(key), () => {
      if (box === undefined) return [];
      const { instrumentation, numeric, discrete } = view;
      const labelOf = (field: string): string => fieldLabel(this.context.catalogue(), field);
      const inBox = both(instrumentation.predicate, boxPredicate(box, numeric));
      const ask = (change: Partial<Question>): void => {
        const question = { ...questionOf(instrumentation), ...change };
        const trail = stepped(this.panel.state);
        this.context.ask(question, this.panel.state.id, { trail }).catch((error: unknown) => {
          this.context.announce(error instanceof Error ? error.message : String(error));
        });
      };
      const facts = {
        box,
        isInWindow,
        type: view.valueType,
        numeric: numeric !== undefined,
        unit: view.unit,
        splitLabel: discrete === undefined ? undefined : labelOf(discrete),
        otherFields: this.otherFields(view).map((field) => [field, labelOf(field)] as const),
        answer,
        problem,
        everything,
        labelOf,
      };
      return [
        boxCard(facts, {
          close: () => {
            this.panel.set({ box: undefined });
          },
          ask: (key) => {
            const [field = discrete, text] = key ?? [];
            const only = field === undefined || text === undefined ? {} : { eq: [field, text] };
            ask({ predicate: both(inBox, only) });
          },
          split: (field) => {
            ask({ predicate: inBox, decomposition: numeric === undefined ? [field] : [field, numeric] });
          },
          highlight: (key) => {
            this.panel.set({ keys: [key], mode: 'highlight' });
          },
          explain: () => {
            void this.explainAll(view, box);
          },
        }),
      ];
    });
  }
}
