/* What the parts of the page need of one another. In: nothing. Out: the contract; page.ts fulfils it. */
import type { Api } from '../model/api.ts';
import type { Catalogue, Instrumentation, Question } from '../model/answers.ts';
import type { Theme } from '../../../../common/model/hue.ts';

export interface Context {
  readonly api: Api;
  catalogue(): Catalogue;
  theme(): Theme;
  /** All that run, newest news; undefined until the first list came. */
  running(): readonly Instrumentation[] | undefined;
  /** Asks, and shows the answer beside the panel that the question came from. */
  ask(question: Question, beside?: string): Promise<void>;
  /** Values of a discrete field that are on the screen now, largest first: what a condition may be about. */
  valuesOf(field: string): readonly string[];
  /** Puts the question into the builder, to be changed. */
  edit(question: Question): void;
  /** The panel's state changed: the address must follow. */
  changed(): void;
  /** Does something to what runs, then looks at it again; a refusal is told to the person. */
  change(what: () => Promise<unknown>): void;
  close(id: string): void;
  /** For screen readers, politely. */
  announce(text: string): void;
  /** One cursor for all plots. */
  pointAt(time: number | undefined): void;
}
