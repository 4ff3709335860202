/*
 * The front door over HTTP, as a client. In: paths below /ca. Out: parsed answers; errors that say what to do.
 * No answer within the time limit is TIMED_OUT (exit status 3); nobody there is NO_RESOURCE.
 */
import { CaError, ERRORS, messageOf, type ErrorCode } from '../../../common/service/errors';

export interface FrontOptions {
  readonly url: string;
  readonly customer?: string | undefined;
  readonly token?: string | undefined;
  readonly timeoutMs: number;
  /** Aborted when the program ends. */
  readonly ended: AbortSignal;
}

export interface FrontRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly accept?: string;
  /** On top of the time limit: for values that the server itself waits for. */
  readonly extraMs?: number;
}

export class Front {
  private readonly options: FrontOptions;

  constructor(options: FrontOptions) {
    this.options = options;
  }

  get url(): string {
    return this.options.url;
  }

  /** GET, PUT or POST of JSON; undefined for an empty answer. */
  async json(path: string, request: FrontRequest = {}): Promise<unknown> {
    const text = (await this.bytes(path, { accept: 'application/json', ...request })).toString('utf8');
    if (text === '') return undefined;
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw new CaError(
        'INTERNAL',
        `${this.options.url} answered something that is not JSON: is it Cloud Analytics?`,
      );
    }
  }

  async bytes(path: string, request: FrontRequest = {}): Promise<Buffer> {
    const { token, timeoutMs, ended } = this.options;
    const limit = timeoutMs + (request.extraMs ?? 0);
    const timer = AbortSignal.timeout(limit);
    try {
      const response = await fetch(this.address(path, request.query), {
        method: request.method ?? 'GET',
        headers: {
          ...(request.accept === undefined ? {} : { Accept: request.accept }),
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
          ...(request.body === undefined ? {} : { 'Content-Type': 'application/json' }),
        },
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
        signal: AbortSignal.any([timer, ended]),
      });
      const bytes = Buffer.from(await response.arrayBuffer());
      if (!response.ok) throw this.refusal(response.status, bytes);
      return bytes;
    } catch (error) {
      if (error instanceof CaError) throw error;
      if (timer.aborted)
        throw new CaError('TIMED_OUT', `${this.options.url} did not answer within ${limit} ms`);
      throw new CaError('NO_RESOURCE', `${this.options.url} cannot be reached: ${reasonOf(error)}`);
    }
  }

  private address(path: string, query: FrontRequest['query'] = {}): URL {
    const scope =
      this.options.customer === undefined ? '' : `/customers/${encodeURIComponent(this.options.customer)}`;
    const url = new URL(`/ca${/^\/(admin|customers)/.test(path) ? '' : scope}${path}`, this.options.url);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, value);
    return url;
  }

  private refusal(status: number, bytes: Buffer): CaError {
    const { error } = (parsed(bytes) ?? {}) as {
      error?: { code?: string; message?: string; field?: string };
    };
    const code = error?.code ?? '';
    const known: ErrorCode = code in ERRORS ? (code as ErrorCode) : status === 404 ? 'NOT_FOUND' : 'INTERNAL';
    const message = error?.message ?? `${this.options.url} answered with status ${status}`;
    return new CaError(known, message, error?.field === undefined ? {} : { field: error.field });
  }
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** fetch says "fetch failed" and hides the reason in its cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof AggregateError) return reasonOf({ cause: cause.errors[0] as unknown });
  const { code, message } = (cause ?? {}) as { code?: string; message?: string };
  if (code === 'ECONNREFUSED') return 'nothing listens there';
  if (code === 'ENOTFOUND') return 'there is no such host';
  return message ?? messageOf(error);
}
