/*
 * Untrusted regular expressions, matched in linear time: no pattern can keep a service busy.
 * In: a pattern in the common part of RE2's syntax. Out: whether it matches a whole text, as in PromQL.
 *
 * The pattern becomes an NFA; a text moves through sets of its states, and known sets are cached, so that most
 * characters cost one look-up (regex-machine.ts). A pattern that keeps creating new sets is given up.
 */
import { CLASSES, codeOf, CONTROLS, foldings, NEVER, POSIX, type Test } from './regex-characters';
import { Machine, wrong, type Regex, type State } from './regex-machine';

export type { Regex } from './regex-machine';

const LENGTH_MAX = 1000;
const STATES_MAX = 1200;
const DEPTH_MAX = 32;
interface Fragment {
  readonly start: number;
  /** State whose transition is still open. */
  readonly out: number;
}

/** Throws an INVALID error that names the unsupported part. */
export function compileRegex(pattern: string): Regex {
  if (pattern.length > LENGTH_MAX) throw wrong(`is longer than ${LENGTH_MAX} characters`);
  return new Machine(new Builder(pattern).states());
}

class Builder {
  private readonly text: readonly string[];
  private readonly machine: State[] = [];
  private at = 0;
  private depth = 0;
  private folded = false;

  constructor(pattern: string) {
    this.text = Array.from(pattern);
    if (this.text.slice(0, 4).join('') === '(?i)') {
      this.folded = true;
      this.at = 4;
    }
  }

  states(): { machine: readonly State[]; start: number } {
    const { start, out } = this.alternatives();
    if (this.at < this.text.length) throw wrong('closes a group that was not opened');
    this.lead(out, this.add({ end: true, on: [] }));
    return { machine: this.machine, start };
  }

  private add(state: State): number {
    if (this.machine.length >= STATES_MAX) throw wrong(`needs more than ${STATES_MAX} states`);
    return this.machine.push(state) - 1;
  }

  private empty(): Fragment {
    const state = this.add({ on: [] });
    return { start: state, out: state };
  }

  private lead(from: number, to: number): void {
    this.machine[from]?.on.push(to);
  }

  private alternatives(): Fragment {
    if (++this.depth > DEPTH_MAX) throw wrong(`nests deeper than ${DEPTH_MAX}`);
    const first = this.sequence();
    let whole = first;
    while (this.text[this.at] === '|') {
      this.at++;
      const other = this.sequence();
      const [fork, join] = [this.empty(), this.empty()];
      this.lead(fork.start, whole.start);
      this.lead(fork.start, other.start);
      this.lead(whole.out, join.start);
      this.lead(other.out, join.start);
      whole = { start: fork.start, out: join.out };
    }
    this.depth--;
    return whole;
  }

  private sequence(): Fragment {
    let whole: Fragment | undefined;
    for (;;) {
      const next = this.text[this.at];
      if (next === undefined || next === '|' || next === ')') return whole ?? this.empty();
      const part = this.repeated();
      if (whole !== undefined) this.lead(whole.out, part.start);
      whole = { start: whole?.start ?? part.start, out: part.out };
    }
  }

  private repeated(): Fragment {
    const begin = this.at;
    let part = this.atom();
    const end = this.at;
    const [least, most] = this.quantifier();
    if (least === 1 && most === 1) return part;
    // Lazy quantifiers match the same whole texts.
    if (this.text[this.at] === '?') this.at++;
    if (['*', '+', '?'].includes(this.text[this.at] ?? '')) throw wrong('repeats a repetition');
    const after = this.at;
    /** Parses the atom again, into new states. */
    const again = (): Fragment => {
      this.at = begin;
      const copy = this.atom();
      if (this.at !== end) throw new Error('an atom that reads differently');
      return copy;
    };
    const whole = this.empty();
    let out = whole.out;
    let used = false;
    const append = (optional: boolean, loop: boolean): void => {
      if (used) part = again();
      used = true;
      const join = this.empty();
      this.lead(out, part.start);
      if (optional) this.lead(out, join.start);
      this.lead(part.out, loop ? part.start : join.start);
      if (loop) this.lead(part.out, join.start);
      out = join.out;
    };
    for (let i = 0; i < least; i++) append(false, most === Infinity && i === least - 1);
    if (most === Infinity && least === 0) append(true, true);
    else if (most !== Infinity) for (let i = least; i < most; i++) append(true, false);
    this.at = after;
    return { start: whole.start, out };
  }

  private quantifier(): [number, number] {
    const sign = this.text[this.at];
    if (sign === '*' || sign === '+' || sign === '?') {
      this.at++;
      return sign === '*' ? [0, Infinity] : sign === '+' ? [1, Infinity] : [0, 1];
    }
    if (sign !== '{') return [1, 1];
    const found = /^\{(\d{1,3})(,(\d{0,3}))?\}/.exec(this.text.slice(this.at, this.at + 9).join(''));
    if (found === null) return [1, 1];
    const least = Number(found[1]);
    const most = found[2] === undefined ? least : found[3] === '' ? Infinity : Number(found[3]);
    if (most < least) throw wrong('repeats at most less than at least');
    this.at += found[0].length;
    return [least, most];
  }

  private atom(): Fragment {
    const sign = this.text[this.at++];
    switch (sign) {
      case undefined:
        throw wrong('ends too early');
      case '(':
        return this.group();
      case '[':
        return this.take(this.characters());
      case '.':
        return this.take((code) => code !== 10);
      case '^':
        if (this.at !== 1 && this.depth !== 1) throw wrong('has ^ inside; it always matches the whole text');
        return this.empty();
      case '$':
        if (this.at !== this.text.length) throw wrong('has $ inside; it always matches the whole text');
        return this.empty();
      case '*':
      case '+':
      case '?':
        throw wrong(`repeats nothing before ${sign}`);
      case '\\':
        return this.take(this.escape());
      default:
        return this.take(this.literal(codeOf(sign)));
    }
  }

  private group(): Fragment {
    if (this.text[this.at] === '?') {
      const named = /^\?(:|P?<\w{1,32}>)/.exec(this.text.slice(this.at, this.at + 40).join(''));
      if (named === null) throw wrong('has a group of a kind that is not understood');
      this.at += named[0].length;
    }
    const inside = this.alternatives();
    if (this.text[this.at] !== ')') throw wrong('leaves a group open');
    this.at++;
    return inside;
  }

  private take(test: Test): Fragment {
    const state = this.add({ take: test, on: [] });
    return { start: state, out: state };
  }

  private literal(code: number): Test {
    if (!this.folded) return (other) => other === code;
    const [lower, upper] = foldings(code);
    return (other) => other === lower || other === upper;
  }

  private escape(): Test {
    const sign = this.text[this.at++] ?? '';
    const known = CLASSES.get(sign);
    if (known !== undefined) return known;
    return this.literal(this.escapedCode(sign));
  }

  private escapedCode(sign: string): number {
    const control = CONTROLS.get(sign);
    if (control !== undefined) return control;
    if (sign === 'x') {
      const found = /^([0-9a-fA-F]{2})|^\{([0-9a-fA-F]{1,6})\}/.exec(
        this.text.slice(this.at, this.at + 8).join(''),
      );
      if (found === null) throw wrong('has \\x without hexadecimal digits');
      this.at += found[0].length;
      return parseInt(found[1] ?? found[2] ?? '', 16);
    }
    if (sign === '' || /\w/.test(sign)) throw wrong(`has \\${sign}, which is not understood`);
    return codeOf(sign);
  }

  private characters(): Test {
    const negated = this.text[this.at] === '^';
    if (negated) this.at++;
    const tests: Test[] = [];
    for (let first = true; ; first = false) {
      const sign = this.text[this.at++];
      if (sign === undefined) throw wrong('leaves [ open');
      if (sign === ']' && !first) break;
      if (sign === '[' && this.text[this.at] === ':') {
        tests.push(this.posix());
        continue;
      }
      if (sign === '\\' && CLASSES.has(this.text[this.at] ?? '')) {
        tests.push(CLASSES.get(this.text[this.at++] ?? '') ?? NEVER);
        continue;
      }
      const low = sign === '\\' ? this.escapedCode(this.text[this.at++] ?? '') : codeOf(sign);
      if (
        this.text[this.at] !== '-' ||
        this.text[this.at + 1] === ']' ||
        this.text[this.at + 1] === undefined
      ) {
        tests.push(this.literal(low));
        continue;
      }
      this.at++;
      const end = this.text[this.at++] ?? '';
      const high = end === '\\' ? this.escapedCode(this.text[this.at++] ?? '') : codeOf(end);
      if (high < low) throw wrong('has a range that ends before it begins');
      tests.push(this.range(low, high));
    }
    const one: Test = (code) => tests.some((test) => test(code));
    return negated ? (code) => !one(code) : one;
  }

  private range(low: number, high: number): Test {
    if (!this.folded) return (code) => code >= low && code <= high;
    return (code) => foldings(code).some((folded) => folded >= low && folded <= high);
  }

  private posix(): Test {
    const found = /^:(\w+):\]/.exec(this.text.slice(this.at, this.at + 12).join(''));
    const test = POSIX.get(found?.[1] ?? '');
    if (found === null || test === undefined) throw wrong('has a class of characters that is not understood');
    this.at += found[0].length;
    return test;
  }
}
