/*
 * A pattern as an NFA with a cache of DFA states. In: the states, and texts. Out: whether a whole text matches. A text
 * moves through sets of states, and known sets are cached, so that most characters cost one look-up.
 */
import { invalid } from '../../service/errors';
import type { Test } from './regex-characters';

export interface Regex {
  test(text: string): boolean;
}

/** Greatest number of cached sets and steps; then the cache is cleared. */
const SETS_MAX = 500;
const STEPS_MAX = 20_000;
/** Greatest number of states visited to build sets, over the life of a pattern (one query): about 25 ms. */
const WORK_MAX = 500_000;

/** A state leads to others, directly or on a matching character; `end` accepts. */
export interface State {
  readonly take?: Test;
  readonly end?: true;
  readonly on: number[];
}
export function wrong(what: string): Error {
  return invalid('query', `has a regular expression that ${what}`);
}

/** A set of states, closed under transitions without a character. */
interface StateSet {
  readonly takers: readonly { readonly take: Test; readonly on: readonly number[] }[];
  readonly matched: boolean;
  readonly next: Map<number, StateSet>;
}

export class Machine implements Regex {
  private readonly machine: readonly State[];
  private readonly start: number;
  private steps = 0;
  private work = 0;
  private sets = new Map<string, StateSet>();
  private first: StateSet;

  constructor({ machine, start }: { machine: readonly State[]; start: number }) {
    this.machine = machine;
    this.start = start;
    this.first = this.closed([start]);
  }

  test(text: string): boolean {
    let set = this.first;
    for (let i = 0; i < text.length; i++) {
      const code = text.codePointAt(i) ?? 0;
      if (code > 0xffff) i++;
      let next = set.next.get(code);
      if (next === undefined) {
        next = this.closed(set.takers.flatMap(({ take, on }) => (take(code) ? on : [])));
        set.next.set(code, next);
        this.steps++;
      }
      if (next.takers.length === 0 && !next.matched) return false;
      set = next;
    }
    return set.matched;
  }

  private closed(from: readonly number[]): StateSet {
    const reached = new Set(from);
    for (const at of reached) {
      const state = this.machine[at];
      if (state !== undefined && state.take === undefined) for (const next of state.on) reached.add(next);
    }
    this.work += reached.size;
    if (this.work > WORK_MAX) throw wrong('takes too long for the texts that it is matched with');
    const states = [...reached].sort((a, b) => a - b);
    const key = states.join();
    const known = this.sets.get(key);
    if (known !== undefined) return known;
    if (this.sets.size >= SETS_MAX || this.steps >= STEPS_MAX) {
      this.sets = new Map();
      this.steps = 0;
      this.first = this.closed([this.start]);
    }
    const set: StateSet = {
      takers: states.flatMap((at) => {
        const { take, on = [] } = this.machine[at] ?? {};
        return take === undefined ? [] : [{ take, on }];
      }),
      matched: states.some((at) => this.machine[at]?.end === true),
      next: new Map(),
    };
    this.sets.set(key, set);
    return set;
  }
}
