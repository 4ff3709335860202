/*
 * What is fetched for one panel: of a heatmap one answer a second, of a graph the new points; what is behind a cell; all
 * counts, for files. In: what is wanted. Out: views, facts, and what the newest answer says besides.
 */
import type { DetailsAnswer } from '../../../../common/api/heatmap.ts';
import type { Clocks, Cost, Disk, Instrumentation } from '../model/answers.ts';
import type { ApiError } from '../model/api.ts';
import { factsOf, type CellFacts } from '../model/cell-facts.ts';
import { isSettled } from '../model/completeness.ts';
import { Feed } from '../model/values/feed.ts';
import { HeatmapFeed } from '../model/values/heatmap-feed.ts';
import { heatmapQuery, type HeatmapWish } from '../model/values/heatmap-query.ts';
import { graphView, heatmapView, type Stretch, type View } from '../model/view.ts';
import type { Context } from '../ui/context.ts';
import { loaded } from './panel-heatmap.ts';

/** Cells whose details are kept while the pointer goes to and fro. */
const FACTS_KEPT = 100;

interface Facts {
  readonly facts: CellFacts;
  /** All that its seconds hold, by row. */
  readonly rows: readonly number[];
}

export class PanelData {
  private readonly context: Context;
  private readonly id: string;
  private readonly feed: Feed;
  private readonly heat: HeatmapFeed;
  /** By query; while late reports may come no longer than until the next picture. */
  private readonly details = new Map<string, DetailsAnswer>();

  constructor(context: Context, id: string) {
    this.context = context;
    this.id = id;
    this.feed = new Feed(context.api, id, 1);
    this.heat = new HeatmapFeed(context.api, id);
  }

  /** What its counting costs, once nodes have told; what is wrong with the disk; which clocks are off. */
  get cost(): Cost | undefined {
    return this.heat.answer?.cost ?? this.feed.cost;
  }

  get disk(): Disk | undefined {
    return this.heat.answer?.disk ?? this.feed.disk;
  }

  get clocks(): Clocks | undefined {
    return this.heat.answer?.clocks ?? this.feed.clocks;
  }

  errorOf(isHeatmap: boolean): ApiError | undefined {
    return isHeatmap ? this.heat.error : this.feed.error;
  }

  abandon(): void {
    this.heat.abandon();
  }

  /** undefined: nothing new could be learnt. */
  async graph(i: Instrumentation, { start, end, step }: Stretch): Promise<View | undefined> {
    this.feed.setStep(step);
    if (!(await this.feed.refresh(start, end, start))) return undefined;
    return graphView(this.context.catalogue(), i, this.feed.history, { start, end, step });
  }

  /** One request has all of it. */
  async heatmap(i: Instrumentation, wish: HeatmapWish): Promise<View | undefined> {
    const { heat } = this;
    if (!(await heat.refresh(heatmapQuery(wish))) || heat.answer === undefined) return undefined;
    if (heat.answer.completeness.some(({ expected, reporting }) => reporting < expected))
      this.details.clear();
    // Reading the pictures takes its time, too: then all that is to be drawn is there.
    const { answer } = heat;
    await loaded(answer);
    return heatmapView(this.context.catalogue(), i, answer, wish.step);
  }

  /** Nothing that may still come changes it. */
  isFinal({ heat, start, end }: View): boolean {
    const now = this.context.api.serverSeconds();
    if (heat === undefined) return this.feed.history.isSettled(start, end, now);
    return isSettled(heat, now) && (heat.versus === undefined || isSettled(heat.versus, now));
  }

  knownFacts(query: URLSearchParams): Facts | undefined {
    const answer = this.details.get(query.toString());
    return answer === undefined ? undefined : told(answer);
  }

  /** undefined: it cannot be had now; the panel's own requests say why. */
  async facts(query: URLSearchParams): Promise<Facts | undefined> {
    const { details } = this;
    try {
      const answer = details.get(query.toString()) ?? (await this.context.api.details(this.id, query));
      if (details.size >= FACTS_KEPT) details.clear();
      details.set(query.toString(), answer);
      return told(answer);
    } catch {
      return undefined;
    }
  }

  /** What was counted, slot by slot and key by key: the picture does without. undefined: it cannot be had. */
  async pointsOf({ start, end, step, numeric, points }: View): Promise<View['points'] | undefined> {
    if (numeric === undefined) return points;
    const feed = new Feed(this.context.api, this.id, step);
    return (await feed.refresh(start, end, start)) ? feed.history.window(start, end) : undefined;
  }
}

function told(answer: DetailsAnswer): Facts {
  return { facts: factsOf(answer), rows: answer.column?.rows ?? [] };
}
