/*
 * `cactl watch`: a live heatmap in the terminal. In: raw values, second by second. Out: frames of picture.ts.
 * The server answers a question about the coming second when it is complete; that sets the pace.
 */
import { messageOf } from '../../../common/service/errors';
import { LIMITS } from '../../../common/service/limits';
import { TYPE_NAMES } from '../../../common/model/field';
import type { Command } from '../../cli/command';
import { EXIT, UsageError } from '../../cli/options';
import { stepOf } from '../histogram';
import { legendOf, type Legend } from '../legend';
import { picture, plotColumns, type PictureOptions } from '../picture';
import { pause } from './ping';
import { whereText } from '../question';
import { description, drawnFields, instrumentation, rawValue } from '../../cli/system/resources';
import { pictureColumns } from '../../cli/io';
import type { Session } from '../../cli/system/session';
import { sizeOf, Timeline, type Slot } from '../timeline';
import { jsonText } from '../../cli/screen/visible';
import { idText } from './list';

/** Slots that are requested again each time: late reports change them. */
const AGAIN = 4;
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[2J';
const LEAVE = '\x1b[?1049l\x1b[?25h';
const HOME = '\x1b[H';
const TO_LINE_END = '\x1b[K';
const TO_SCREEN_END = '\x1b[J';

export const watch: Command = {
  name: 'watch',
  about: 'a live heatmap in the terminal',
  details: [
    'Draws the instrumentation second by second: time to the right, the numeric field up (latency, size), brightness by ' +
      'how many events there were, colour by the key they belong to. Without a numeric field it draws bars of counts. ' +
      'Seconds in which a node is missing or events were lost are marked × on the time axis.',
    'Keys: 1 to 9 show one key of the legend alone, 0 all again; l switches between shading by rank and linear; space ' +
      'holds the picture; q ends. Where nobody looks at a terminal, --count frames are printed, one unless told otherwise.',
  ],
  arguments: [{ name: 'ID', about: 'which instrumentation', complete: 'instrumentation' }],
  options: [
    { name: 'count', short: 'n', value: 'N', about: 'end after N frames' },
    { name: 'key', short: 'k', value: 'KEY', about: 'only this key' },
    { name: 'linear', about: 'brightness in proportion to the count' },
    { name: 'height', value: 'LINES', about: 'height of a frame (default: the screen, or 24)' },
  ],
  examples: [
    { line: 'cactl watch 7', about: 'Look at it until q.' },
    { line: 'cactl watch 7 -n 1 --width 120', about: 'One still picture of the last minutes.' },
  ],
  async run({ args, options, session }) {
    const number = (name: string, low: number): number | undefined => {
      const text = options.get(name);
      if (text === undefined) return undefined;
      const n = Number(text);
      if (!Number.isInteger(n) || n < low || n > 100_000)
        throw new UsageError(`--${name} must be a number from ${low}, not ${text}`);
      return n;
    };
    const id = args[0] ?? '';
    const { screen } = session;
    const count = number('count', 1) ?? (screen.interactive && !session.json ? Infinity : 1);
    const height = number('height', 8);
    const [i, d] = await Promise.all([instrumentation(session.front, id), description(session.front)]);
    const metric = d.metrics.find((m) => m.module === i.module && m.stat === i.stat);
    const where = whereText(i, d);
    const by = i.decomposition.length === 0 ? '' : ` by ${i.decomposition.join(', ')}`;
    const { numeric } = drawnFields(d, i);
    const view = {
      id,
      granularity: i.granularity,
      title: `${idText(i)}: ${i.module}.${i.stat}${by}${where === '' ? '' : ` where ${where}`}`,
      numeric,
      step: stepOf({ numeric }),
      countType: TYPE_NAMES.find((name) => name === metric?.type),
      height,
    };
    return await new Watching(session, view, {
      only: options.get('key'),
      shading: options.has('linear') ? 'linear' : 'rank',
    }).run(count);
  },
};

type View = Pick<PictureOptions, 'granularity' | 'title' | 'numeric' | 'step' | 'countType'> & {
  readonly id: string;
  readonly height: number | undefined;
};

interface Choice {
  only: string | undefined;
  shading: 'rank' | 'linear';
}

class Watching {
  private readonly session: Session;
  private readonly view: View;
  private readonly choice: Choice;
  private readonly timeline: Timeline;
  private readonly quit = new AbortController();
  private legend: Legend | undefined;
  private held = false;
  private trouble = '';

  constructor(session: Session, view: View, choice: Choice) {
    this.session = session;
    this.view = view;
    this.choice = choice;
    this.timeline = new Timeline(view.granularity);
  }

  async run(count: number): Promise<number> {
    const { io, json } = this.session;
    const live = this.session.screen.interactive && !json;
    const ended = AbortSignal.any([io.ended, this.quit.signal]);
    const stopKeys = live
      ? io.keys((key) => {
          this.press(key);
        })
      : (): void => undefined;
    if (live) io.out(ENTER);
    try {
      await this.loop(count, ended, live);
    } finally {
      stopKeys();
      if (live) io.out(LEAVE);
    }
    if (live) this.session.paint(this.frame());
    return this.trouble === '' ? EXIT.ok : EXIT.wrong;
  }

  private async loop(count: number, ended: AbortSignal, live: boolean): Promise<void> {
    const { granularity: g } = this.view;
    const { io } = this.session;
    const points = Math.min(plotColumns(pictureColumns(this.session.screen.columns)), LIMITS.valuePointsMax);
    let next = Math.floor(io.clock.now() / 1000 / g) * g - g;
    let from = next - (points - 1) * g;
    for (let frames = 0; frames < count && !ended.aborted;) {
      try {
        await this.fetch(from, Math.round((next - from) / g) + 1, points);
        this.trouble = '';
        if (this.session.json) this.printSlot(this.timeline.last);
        frames++;
        from = next + g - AGAIN * g;
        next += g;
      } catch (error) {
        if (ended.aborted) return;
        // The first answer decides whether the instrumentation exists at all; later ones may be missing.
        if (this.timeline.last === undefined) throw error;
        this.trouble = messageOf(error);
        await pause(1000, ended);
        // After a long gap the picture continues with new values.
        next = Math.max(next, Math.floor(io.clock.now() / 1000 / g) * g - g);
        from = next - (points - 1) * g;
      }
      if (live && !this.held) this.draw();
      else if (!live && !this.session.json) this.session.paint(this.frame());
      if (frames < count) await pause(Math.max(0, 1000 * (next + g) - io.clock.now()), ended);
    }
  }

  private async fetch(start: number, points: number, keep: number): Promise<void> {
    const query = {
      start_time: String(start),
      duration: String(this.view.granularity),
      ndatapoints: String(points),
    };
    const values = await rawValue(this.session.front, this.view.id, {
      query,
      extraMs: LIMITS.valueWaitMsMax,
    });
    for (const value of values) this.timeline.add(value, keep);
  }

  private draw(): void {
    const lines = this.frame().map((line) => line + TO_LINE_END);
    this.session.io.out(`${HOME}${lines.join('\r\n')}${TO_SCREEN_END}`);
  }

  private frame(): string[] {
    const { screen } = this.session;
    const slots = this.timeline.window(plotColumns(pictureColumns(screen.columns)));
    this.legend = legendOf(slots);
    return picture(slots, {
      ...this.view,
      ...this.choice,
      columns: pictureColumns(screen.columns),
      rows: this.view.height ?? screen.rows,
      colours: screen.colours,
      legend: this.legend,
      foot: this.foot(),
    });
  }

  private foot(): string {
    if (this.trouble !== '') return `no new values: ${this.trouble}`;
    const { last } = this.timeline;
    if (last === undefined) return '';
    const amount = [...last.amounts.values()].reduce<number>((sum, a) => sum + sizeOf(a), 0);
    const lost = last.lost === 0 ? '' : `, ${last.lost} lost`;
    const keys = this.session.screen.interactive
      ? this.held
        ? '; held, space goes on'
        : '; q ends, 1-9 one key, 0 all, l shading'
      : '';
    return `${amount} in the last ${this.view.granularity} s, ${last.reporting} of ${last.expected} nodes${lost}${keys}`;
  }

  private press(key: string): void {
    if (key === 'q' || key === '\x03' || key === '\x1b') this.quit.abort();
    else if (key === ' ') this.held = !this.held;
    else if (key === 'l') this.choice.shading = this.choice.shading === 'rank' ? 'linear' : 'rank';
    else if (key === '0') this.choice.only = undefined;
    else if (/^[1-9]$/.test(key))
      this.choice.only = this.legend?.entries[Number(key) - 1]?.key ?? this.choice.only;
    else return;
    if (!this.quit.signal.aborted) this.draw();
  }

  private printSlot(slot: Slot | undefined): void {
    if (slot === undefined) return;
    const { time, amounts, expected, reporting, lost } = slot;
    this.session.print([jsonText({ time, expected, reporting, lost, value: Object.fromEntries(amounts) })]);
  }
}
