/*
 * The way to an answer as one page that stands alone: for each step the question in words, its picture, and what was special in
 * its box. In: a panel's trail. Out: HTML; whatever strangers wrote is text in it.
 */
import { exactNumber, shortNumber } from '../../model/numbers.ts';
import type { SpecialAnswer } from '../../../../../common/api/special.ts';
import { runningLike } from '../../board/board-model.ts';
import type { Instrumentation, Question } from '../../model/answers.ts';
import { keyText } from '../../model/key-text.ts';
import { isNumericField } from '../../model/predicate-form.ts';
import { sentenceOf } from '../../model/question.ts';
import type { Box } from '../../model/box-predicate.ts';
import { specialQuery } from '../../model/values/heatmap-query.ts';
import { questionOfStep } from '../../model/trail.ts';
import { formatCount, formatExact, formatShare } from '../../model/units.ts';
import { stretchText } from '../../model/zone.ts';
import { clockText } from '../../plot/time-axis.ts';
import type { Context } from '../../ui/context.ts';
import { h } from '../../ui/dom.ts';
import type { PanelHost } from '../panel-host.ts';

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#161b24}
img{max-width:100%;border:1px solid #ccc}table{border-collapse:collapse}th,td{padding:.15rem .8rem;text-align:right}
th:first-child{text-align:left}thead{border-bottom:1px solid #999}section{margin-bottom:2rem}`;
const ROWS = 10;

interface Part {
  readonly question: Question;
  readonly box: Box | undefined;
}

export async function reportOf(context: Context, panel: PanelHost): Promise<string> {
  const { state } = panel;
  const view = panel.current();
  const { start, end } = view ?? { start: 0, end: 0 };
  const parts: Part[] = [
    ...state.trail.map((step) => ({ question: questionOfStep(state, step), box: step.box })),
    { question: questionOfStep(state, { by: state.by, where: state.where }), box: state.box },
  ];
  const sections = await Promise.all(
    parts.map(async (part, i) => section(context, part, i + 1, { start, end })),
  );
  const [first] = parts;
  const title = first === undefined ? '' : sentenceOf(context.catalogue(), first.question);
  const page = h(
    'html',
    { attrs: { lang: 'en' } },
    h('head', {}, h('meta', { attrs: { charset: 'utf-8' } }), h('title', {}, title), h('style', {}, STYLE)),
    h(
      'body',
      {},
      h('h1', {}, title),
      h(
        'p',
        {},
        `${clockText(start)} to ${clockText(end)}, ${stretchText(start, end)}. The same, live: `,
        h('a', { attrs: { href: location.href } }, location.href),
      ),
      ...sections,
    ),
  );
  return `<!doctype html>\n${page.outerHTML}\n`;
}

async function section(
  context: Context,
  { question, box }: Part,
  number: number,
  around: { readonly start: number; readonly end: number },
): Promise<HTMLElement> {
  const i = runningLike(question, context.running() ?? []);
  const catalogue = context.catalogue();
  const numeric = question.decomposition.find((field) => isNumericField(catalogue, field));
  const stretch =
    box === undefined
      ? around
      : { start: Math.min(around.start, box.start), end: Math.max(around.end, box.end) };
  const query = box === undefined ? undefined : specialQuery(box, stretch, numeric !== undefined, ROWS);
  const [picture, special] = await Promise.all([
    i === undefined || numeric === undefined ? undefined : pictureOf(context, i, stretch),
    i === undefined || query === undefined
      ? undefined
      : context.api.special(i.id, query).catch(() => undefined),
  ]);
  const type = numeric === undefined ? undefined : catalogue.types[catalogue.fields[numeric]?.type ?? ''];
  return h(
    'section',
    {},
    h('h2', {}, `${number}. ${sentenceOf(catalogue, question)}`),
    picture,
    i === undefined && h('p', {}, 'It no longer runs: its values are gone.'),
    box !== undefined &&
      h(
        'p',
        {},
        `Looked at: ${clockText(box.start)} to ${clockText(box.end)}`,
        numeric === undefined
          ? ''
          : `, ${formatExact(Math.ceil(box.low), type)} to ${formatExact(Math.ceil(box.high), type)}`,
        '.',
      ),
    special !== undefined && special.keys.length > 0 && tableOf(special),
  );
}

async function pictureOf(
  context: Context,
  { id }: Instrumentation,
  { start, end }: { readonly start: number; readonly end: number },
): Promise<HTMLElement | undefined> {
  const query = new URLSearchParams({
    start_time: String(start),
    end_time: String(end),
    axes: 'true',
    width: '800',
    height: '300',
    percentiles: '50,95,99',
    timeout: '0',
  });
  const image = await context.api.image(id, query).catch(() => undefined);
  return image === undefined
    ? undefined
    : h('img', { attrs: { src: `data:image/png;base64,${image.image}`, alt: 'Heatmap' } });
}

function tableOf({ keys }: SpecialAnswer): HTMLElement {
  const head = ['key', 'in the box', 'share', 'outside', 'share', 'p'];
  return h(
    'table',
    {},
    h('thead', {}, h('tr', {}, ...head.map((text) => h('th', {}, text)))),
    h(
      'tbody',
      {},
      ...keys.map(({ key, inside, outside, share_inside, share_outside, p }) =>
        h(
          'tr',
          {},
          h('th', {}, keyText(key)),
          ...[
            formatCount(inside),
            formatShare(share_inside, 1),
            formatCount(outside),
            formatShare(share_outside, 1),
            p === undefined ? '' : p < 1e-6 ? `<${exactNumber(1e-6)}` : shortNumber(Number(p.toPrecision(2))),
          ].map((text) => h('td', {}, text)),
        ),
      ),
    ),
  );
}
