/*
 * Ask: metric, breakdown, predicate and granularity, all of it read from GET /ca. In: the catalogue. Out: a question,
 * handed to `ask`; its refusal is shown next to the part it names.
 */
import type { Catalogue, MetricInfo, Question, UnavailableMetric } from '../model/answers.ts';
import { ApiError } from '../model/api.ts';
import { combobox } from './combobox.ts';
import { h, select } from '../ui/dom.ts';
import {
  buildPredicate,
  emptyGroup,
  formOf,
  isNumericField,
  readPredicate,
  type Group,
} from '../model/predicate-form.ts';
import { predicateEditor } from './predicate-editor.ts';
import { breakdownOf, fieldLabel, metricOf, whyNot } from '../model/question.ts';
import { searchMetrics } from '../../../../common/model/search.ts';
import { spanText } from '../plot/time-axis.ts';

const GRANULARITIES = [1, 5, 10, 30, 60, 300, 3600];

export interface Builder {
  readonly element: HTMLElement;
  /** A new catalogue: choices that still exist stay. */
  setCatalogue(catalogue: Catalogue): void;
  /** Fills the form with a question, to be changed and asked. */
  fill(question: Question): void;
  focus(): void;
}

export function builder(
  ask: (question: Question) => Promise<void>,
  valuesOf: (field: string) => readonly string[],
): Builder {
  let catalogue: Catalogue = { modules: {}, fields: {}, types: {}, metrics: [] };
  let metric: MetricInfo | undefined;
  let discrete = '';
  let numeric = '';
  let granularity = 1;
  let conditions: Group = emptyGroup();

  const metricBox = combobox<MetricInfo | UnavailableMetric>(
    'ask-metric',
    'Metrics',
    'Search metrics…',
    (text) => [
      ...searchMetrics(catalogue.metrics, text, catalogue).map(optionOf),
      // Nobody reads through what cannot be had; whoever looks for it shall find it.
      ...(text === ''
        ? []
        : searchMetrics(catalogue.unavailable ?? [], text, catalogue).map(missingOptionOf)),
    ],
    (item) => {
      if ('fields' in item) choose(item);
      else miss(item);
    },
  );
  const optionOf = (item: MetricInfo) => ({
    item,
    group: catalogue.modules[item.module]?.label ?? item.module,
    label: item.label,
    hint: `${item.module}.${item.stat}`,
    detail: item.question,
  });
  const missingOptionOf = (item: UnavailableMetric) => ({
    item,
    group: 'Not available here',
    label: item.label,
    hint: `${item.module}.${item.stat}`,
    detail: item.question,
    off: true,
  });

  const details = h('div', { class: 'ask-details' });
  const problem = h('p', { class: 'problem', attrs: { role: 'alert' } });
  const reading = h('p', { class: 'reading', attrs: { 'aria-live': 'polite' } });
  const go = h('button', { class: 'primary', attrs: { type: 'submit' } }, 'Ask');
  const form = h(
    'form',
    {
      class: 'ask',
      attrs: { 'aria-label': 'Ask a question' },
      on: {
        submit: (event: SubmitEvent) => {
          event.preventDefault();
          void submit();
        },
      },
    },
    h('h2', {}, 'Ask'),
    h('label', { class: 'field-label', attrs: { for: 'ask-metric' } }, 'What to count'),
    metricBox.element,
    details,
    reading,
    problem,
    go,
  );

  const choose = (item: MetricInfo): void => {
    const same = metric?.module === item.module && metric.stat === item.stat;
    metric = item;
    if (!same) conditions = emptyGroup();
    if (!item.fields.includes(discrete)) discrete = '';
    if (!item.fields.includes(numeric)) {
      // A numeric breakdown is a heatmap, and that is what people come for.
      numeric = item.fields.find((f) => isNumericField(catalogue, f)) ?? '';
    }
    draw();
  };

  const miss = (item: UnavailableMetric): void => {
    metric = undefined;
    draw();
    problem.textContent = whyNot(item);
  };

  const draw = (): void => {
    problem.textContent = '';
    go.disabled = metric === undefined;
    if (metric === undefined) {
      details.replaceChildren();
      reading.textContent = '';
      return;
    }
    const { fields } = metric;
    const options = (wanted: boolean): (readonly [string, string])[] => [
      ['', wanted ? '(no distribution)' : '(everything together)'],
      ...fields
        .filter((f) => isNumericField(catalogue, f) === wanted)
        .map((f) => [f, fieldLabel(catalogue, f)] as const),
    ];
    const labelled = (text: string, control: HTMLElement): HTMLElement =>
      h('label', { class: 'field' }, h('span', { class: 'field-label' }, text), control);
    details.replaceChildren(
      h('p', { class: 'muted' }, metric.question ?? ''),
      ...missesOf(metric),
      h(
        'div',
        { class: 'pair' },
        labelled(
          'Split by',
          select('Split by', options(false), discrete, (value) => {
            discrete = value;
            read();
          }),
        ),
        labelled(
          'Distribution of',
          select('Distribution of', options(true), numeric, (value) => {
            numeric = value;
            read();
          }),
        ),
      ),
      h('span', { class: 'field-label' }, 'Only events where'),
      predicateEditor(catalogue, fields, conditions, read, valuesOf),
      labelled(
        'One value every',
        select(
          'One value every',
          GRANULARITIES.map((g) => [String(g), g === 1 ? 'second' : spanText(g)] as const),
          String(granularity),
          (value) => {
            granularity = Number(value);
            read();
          },
        ),
      ),
    );
    read();
  };

  const read = (): void => {
    problem.textContent = '';
    const built = buildPredicate(conditions, catalogue);
    const where = 'wrong' in built ? '' : readPredicate(built.predicate, catalogue);
    reading.textContent = where === '' ? '' : `Counts only events where ${where}.`;
  };

  const submit = async (): Promise<void> => {
    if (metric === undefined) {
      problem.textContent = 'Choose what to count first.';
      metricBox.input.focus();
      return;
    }
    const built = buildPredicate(conditions, catalogue);
    if ('wrong' in built) {
      problem.textContent = built.wrong;
      return;
    }
    const decomposition = [discrete, numeric].filter((field) => field !== '');
    const { module, stat } = metric;
    go.disabled = true;
    problem.textContent = '';
    try {
      await ask({ module, stat, predicate: built.predicate, decomposition, granularity });
    } catch (error) {
      problem.textContent = error instanceof ApiError ? error.message : 'Something went wrong in this page.';
    }
    go.disabled = false;
  };

  draw();
  return {
    element: form,
    setCatalogue(next) {
      if (JSON.stringify(next) === JSON.stringify(catalogue)) return;
      catalogue = next;
      if (metric === undefined) return;
      const again = metricOf(next, metric);
      if (again === undefined) {
        metric = undefined;
        metricBox.show(undefined);
        draw();
      } else if (JSON.stringify(again) !== JSON.stringify(metric)) choose(again);
    },
    fill(question) {
      const found = metricOf(catalogue, question);
      if (found === undefined) return;
      const parts = breakdownOf(catalogue, question.decomposition);
      metric = found;
      discrete = parts.discrete ?? '';
      numeric = parts.numeric ?? '';
      granularity = question.granularity;
      conditions = formOf(question.predicate, catalogue);
      metricBox.show(optionOf(found));
      draw();
      form.scrollIntoView({ block: 'nearest' });
      metricBox.input.focus();
    },
    focus() {
      metricBox.input.focus();
    },
  };
}

/** Where the metric comes from; what it does not see, folded away. */
function missesOf({ misses = [], sources = [] }: MetricInfo): HTMLElement[] {
  const by = sources.length === 0 ? [] : [h('p', { class: 'muted' }, `Gathered by ${sources.join(', ')}`)];
  if (misses.length === 0) return by;
  const sentences = misses.map((sentence) => h('li', {}, sentence));
  return [
    ...by,
    h('details', { class: 'muted' }, h('summary', {}, 'What it does not see'), h('ul', {}, ...sentences)),
  ];
}
