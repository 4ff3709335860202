/*
 * Parameters of a value request, from the query, a form, or a JSON body. In: a Request. Out: checked numbers, flags
 * and lists, or an INVALID error that names the parameter and says what is allowed.
 */
import { invalid } from '../../../common/service/errors';
import type { Request } from '../../../common/http/http';

interface WholeRange {
  readonly min: number;
  readonly max: number;
}

/** Text of a whole number: no sign, no "5abc", no exponent. */
const WHOLE = /^\d{1,16}$/;
const DECIMAL = /^(\d+\.?\d*|\.\d+)$/;

export class Params {
  private readonly values: ReadonlyMap<string, unknown>;

  constructor(values: ReadonlyMap<string, unknown>) {
    this.values = values;
  }

  /** A JSON body must be an object; its properties go before those of the query. */
  static of(request: Pick<Request, 'query' | 'json'>): Params {
    const { query, json } = request;
    if (json === undefined) return new Params(query);
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw invalid('body', 'must be a JSON object whose properties are the parameters');
    }
    return new Params(new Map<string, unknown>([...query, ...Object.entries(json)]));
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  whole(name: string, range: WholeRange): number | undefined {
    const raw = this.values.get(name);
    if (raw === undefined) return undefined;
    const number = typeof raw === 'string' && WHOLE.test(raw) ? Number(raw) : raw;
    const { min, max } = range;
    if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < min || number > max) {
      throw invalid(name, `must be a whole number from ${min} to ${max}`);
    }
    return number;
  }

  decimal(name: string, range: WholeRange): number | undefined {
    const raw = this.values.get(name);
    if (raw === undefined) return undefined;
    const number = typeof raw === 'string' && DECIMAL.test(raw) ? Number(raw) : raw;
    if (typeof number !== 'number' || !(number >= range.min && number <= range.max)) {
      throw invalid(name, `must be a number from ${range.min} to ${range.max}`);
    }
    return number;
  }

  text(name: string, lettersMax: number): string | undefined {
    const raw = this.values.get(name);
    if (raw === undefined) return undefined;
    if (typeof raw !== 'string' || raw.length > lettersMax)
      throw invalid(name, `must be a text of at most ${lettersMax} letters`);
    return raw;
  }

  /** A property of a JSON body; the caller checks its contents. */
  object(name: string): object | undefined {
    const raw = this.values.get(name);
    if (raw === undefined) return undefined;
    if (typeof raw !== 'object' || raw === null) throw invalid(name, 'must be an object');
    return raw;
  }

  flag(name: string): boolean {
    const raw = this.values.get(name);
    if (raw === undefined || raw === false || raw === 'false') return false;
    if (raw === true || raw === 'true') return true;
    throw invalid(name, 'must be true or false');
  }

  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const raw = this.values.get(name);
    if (raw === undefined) return fallback;
    const found = choices.find((choice) => choice === raw);
    if (found === undefined) throw invalid(name, `must be one of ${choices.join(', ')}`);
    return found;
  }

  /** a,b,c or a JSON list, or the parameter several times; only the latter two can hold keys with commas in them. */
  list(name: string, limit: number): string[] {
    const raw = this.values.get(name);
    if (raw === undefined || raw === '') return [];
    const entries = typeof raw === 'string' ? split(name, raw) : raw;
    if (!Array.isArray(entries) || !entries.every((e) => typeof e === 'string' || typeof e === 'number')) {
      throw invalid(name, 'must be a list: a,b,c or ["a","b,c"]');
    }
    if (entries.length > limit) throw invalid(name, `must not have more than ${limit} entries`);
    return entries.map(String);
  }

  /** A list of numbers; `what` says in words which. */
  numbers(name: string, limit: number, { min, max }: WholeRange, what: 'whole' | 'decimal'): number[] {
    const pattern = what === 'whole' ? WHOLE : DECIMAL;
    const texts = this.list(name, limit).map((text) => text.trim());
    const numbers = texts.map((text) => (pattern.test(text) ? Number(text) : NaN));
    if (numbers.every((number) => number >= min && number <= max)) return numbers;
    throw invalid(name, `must be ${what === 'whole' ? 'whole numbers' : 'numbers'} from ${min} to ${max}`);
  }
}

function split(name: string, text: string): unknown {
  if (!text.startsWith('[')) return text.split(',');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw invalid(name, 'begins with [ but is not a JSON list');
  }
}
