/* What the parts of the page need of one another. In: nothing. Out: the contract; page.ts fulfils it. */
import type { Api } from '../model/api.ts';
import type { Seconds } from '../model/box-predicate.ts';
import type { Catalogue, Instrumentation, Question } from '../model/answers.ts';
import type { Theme } from '../../../../common/model/hue.ts';
import type { PanelState } from '../model/url-state.ts';
import type { Zone } from '../model/zone.ts';
import type { Together } from './together.ts';
import type { Undo } from './undo.ts';

export interface Context {
  readonly api: Api;
  catalogue(): Catalogue;
  theme(): Theme;
  /** All that run, newest news; undefined until the first list came. */
  running(): readonly Instrumentation[] | undefined;
  /** Asks, and shows the answer beside the panel that the question came from. */
  ask(question: Question, beside?: string, look?: Partial<PanelState>): Promise<void>;
  /** From a panel to one of the questions that led to it. */
  back(id: string, step: number): void;
  /** Values of a discrete field that are on the screen now, largest first: what a condition may be about. */
  valuesOf(field: string): readonly string[];
  /** Puts the question into the builder, to be changed. */
  edit(question: Question): void;
  /** The panel's state changed: the address must follow. */
  changed(): void;
  /** Does something to what runs, then looks at it again; a refusal is told to the person. */
  change(what: () => Promise<unknown>): void;
  close(id: string): void;
  /** The panel changed: on a board, time and selection are common to all. */
  spread(id: string, change: Partial<PanelState>): void;
  /** On a board, when the box of another panel begins and ends. */
  boxElsewhere(id: string): Seconds | undefined;
  /** So many places towards the end; negative: towards the begin. */
  move(id: string, steps: number): void;
  /** To the place where another one is. */
  moveTo(id: string, place: string): void;
  /** Times of the whole page. */
  setZone(zone: Zone): void;
  openBoard(id: string): void;
  /** What can be taken back for some seconds. */
  readonly undo: Undo;
  /** For screen readers, politely. */
  announce(text: string): void;
  /** What panels fetch each second, so that all are drawn in one frame. */
  readonly together: Together;
  /** One cursor for all plots. */
  pointAt(time: number | undefined): void;
}
