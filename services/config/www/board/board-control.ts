/*
 * The board that is open. In: its id in the address, values of variables, clicks. Out: panels that ask its questions, sharing
 * what runs already; the board on the server when it is saved.
 */
import type { BoardAnswer } from '../../../../common/api/board.ts';
import type { Board } from '../../../../common/model/board.ts';
import { ApiError } from '../model/api.ts';
import type { Instrumentation, Question } from '../model/answers.ts';
import type { PanelState } from '../model/url-state.ts';
import type { Context } from '../ui/context.ts';
import {
  boardOf,
  narrowedPanel,
  questionFor,
  runningLike,
  sameJson,
  stateOf,
  valuesFor,
  variablesOf,
  type Values,
} from './board-model.ts';
import { startersFor } from './starters.ts';

/** What boards ask ends some minutes after the last page was closed. */
const IDLE_SECONDS = 900;
/** In the address, a proposal that is not saved yet. */
const STARTER = '~';

export interface BoardPage {
  panels(): readonly PanelState[];
  /** Shows these and no others; those that are there already stay as they are. */
  show(panels: readonly PanelState[]): void;
  /** Looks again at what runs. */
  refresh(): Promise<void>;
  /** What the address says: the board's id, and values of variables. */
  changed(): void;
}

export class BoardControl {
  /** Its id, or "~health" of a proposal, or "~" of one that has no name yet; undefined: no board is open. */
  id: string | undefined;
  values: Values;
  name = '';
  /** What the service said when it was read or saved last. */
  saved: BoardAnswer | undefined;
  /** Pictures that nothing here can give. */
  missing: readonly string[] = [];
  private board: Board | undefined;
  private readonly context: Context;
  private readonly page: BoardPage;

  constructor(context: Context, page: BoardPage, id: string | undefined, values: Values) {
    this.context = context;
    this.page = page;
    this.id = id;
    this.values = values;
  }

  get fields(): readonly string[] {
    return variablesOf(this.board, this.context.catalogue());
  }

  /** Something differs from what the service keeps. */
  get dirty(): boolean {
    if (this.saved === undefined) return true;
    const { name, window, variables, panels } = this.saved;
    return !sameJson(
      normal(this.now()),
      normal({ name, ...(window === undefined ? {} : { window }), variables, panels }),
    );
  }

  /** What the address names; its panels stand in the address, too, unless it is opened anew. */
  async openFromAddress(): Promise<void> {
    if (this.id === undefined) return;
    await this.load(this.id);
    if (this.page.panels().length === 0 && this.board !== undefined) await this.ask(this.board);
    else await this.askAgain();
  }

  async open(id: string): Promise<void> {
    this.id = id;
    this.values = new Map();
    await this.load(id);
    if (this.board !== undefined) await this.ask(this.board);
  }

  /** The pictures that are shown become a board, which is kept when it is saved. */
  begin(): void {
    this.id = STARTER;
    this.name = '';
    this.board = undefined;
    this.saved = undefined;
    this.missing = [];
    this.page.changed();
  }

  close(): void {
    this.id = undefined;
    this.board = undefined;
    this.saved = undefined;
    this.values = new Map();
    this.missing = [];
    this.page.show([]);
    this.page.changed();
  }

  /** The pictures stay, the board is none any more. */
  forget(): void {
    this.id = undefined;
    this.saved = undefined;
    this.page.changed();
  }

  async save(name: string): Promise<void> {
    this.name = name;
    const { id, revision } = this.saved ?? {};
    try {
      this.saved = await this.context.api.saveBoard(this.now(), id, revision);
      this.board = this.saved;
      this.id = this.saved.id;
      this.context.announce(`Saved as “${this.saved.name}”.`);
    } catch (error) {
      this.context.announce(error instanceof ApiError ? error.message : 'It could not be saved.');
    }
    this.page.changed();
  }

  /** Every panel that has the field asks anew; the others stay. */
  async narrow(field: string, value: string): Promise<void> {
    const values = new Map(this.values);
    if (value === '') values.delete(field);
    else values.set(field, value);
    this.values = values;
    await this.askAgain();
  }

  /** Starts with the service's board, so that a link shows what is kept now. */
  private async load(id: string): Promise<void> {
    try {
      if (id.startsWith(STARTER)) {
        this.board = startersFor(this.context.catalogue()).find((one) => one.id === id.slice(1))?.board;
        this.saved = undefined;
      } else {
        this.saved = await this.context.api.board(id);
        this.board = this.saved;
      }
      this.name = this.board?.name ?? '';
      if (this.board !== undefined) this.values = valuesFor(this.board, this.values);
    } catch (error) {
      this.context.announce(error instanceof ApiError ? error.message : 'The board cannot be read.');
      if (error instanceof ApiError && error.status === 404) this.id = undefined;
    }
    this.page.changed();
  }

  private async ask(board: Board): Promise<void> {
    const catalogue = this.context.catalogue();
    const missing: string[] = [];
    const asked = board.panels.flatMap((panel) => {
      const question = questionFor(panel, this.values, catalogue);
      if (question === undefined) missing.push(panel.title ?? `${panel.module}.${panel.stat}`);
      return question === undefined ? [] : [{ panel, question }];
    });
    this.missing = missing;
    const found = await this.find(asked.map(({ question }) => question));
    await this.page.refresh();
    const states = asked.flatMap(({ panel, question }, i) => {
      const id = found[i];
      return id === undefined ? [] : [stateOf(panel, id, question, board.window)];
    });
    this.page.show(states);
    this.page.changed();
  }

  /** After a change of variables, or when what a link names has ended. */
  private async askAgain(): Promise<void> {
    const catalogue = this.context.catalogue();
    const states = this.page.panels();
    const questions = states.map((state) => narrowedPanel(state, this.values, catalogue));
    const known = questions.filter((question) => question !== undefined);
    const ids = await this.find(known);
    await this.page.refresh();
    const idOf = new Map(known.map((question, i) => [question, ids[i]]));
    this.page.show(
      states.map((state, i) => {
        const question = questions[i];
        const id = question === undefined ? undefined : idOf.get(question);
        if (question === undefined || id === undefined) return state;
        const own = state.own ?? state.where;
        const { predicate: where } = question;
        return { ...state, id, where, own: sameJson(own, where) ? undefined : own };
      }),
    );
    this.page.changed();
  }

  /** Ids of what asks these questions: what runs already, or asked now. undefined: it was refused, which is told. */
  private async find(questions: readonly Question[]): Promise<(string | undefined)[]> {
    const { api } = this.context;
    const running: readonly Instrumentation[] = await api.list().catch(() => this.context.running() ?? []);
    return await Promise.all(
      questions.map(async (question) => {
        const known = runningLike(question, running);
        if (known !== undefined) return known.id;
        try {
          return (await api.create(question, { 'idle-max': IDLE_SECONDS })).id;
        } catch (error) {
          this.context.announce(
            error instanceof ApiError ? error.message : 'A picture could not be asked for.',
          );
          return undefined;
        }
      }),
    );
  }

  private now(): Board {
    return boardOf(this.name, this.page.panels(), this.values, this.fields);
  }
}

/** Properties in one order, so that equal boards have equal texts. */
function normal({ name, window, variables, panels }: Board): unknown {
  const sorted = (object: object): unknown => Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));
  return [name, window, variables.map(sorted), panels.map(sorted)];
}
