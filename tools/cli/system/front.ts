/*
 * The front door over HTTP, as a client. In: paths below /ca. Out: parsed answers; errors that say what to do.
 * No answer within the time limit is TIMED_OUT (exit status 3); an unreachable door is NO_RESOURCE.
 */
import { once } from 'node:events';
import { request as requestPlain, type IncomingMessage } from 'node:http';
import { request as requestOverTls } from 'node:https';
import { CaError, ERRORS, messageOf, type ErrorCode } from '../../../common/service/errors';

/** Trusted authorities over HTTPS. */
export interface Trust {
  /** Certificates of authorities besides those of the system. */
  readonly ca?: string;
  /** Accept any certificate. */
  readonly insecure?: true;
}

export interface FrontOptions {
  readonly url: string;
  readonly customer?: string | undefined;
  readonly token?: string | undefined;
  readonly timeoutMs: number;
  readonly trust?: Trust | undefined;
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
    const { token, timeoutMs, ended, trust } = this.options;
    const limit = timeoutMs + (request.extraMs ?? 0);
    const timer = AbortSignal.timeout(limit);
    try {
      const { status, bytes } = await send(this.address(path, request.query), {
        method: request.method ?? 'GET',
        headers: {
          ...(request.accept === undefined ? {} : { Accept: request.accept }),
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
          ...(request.body === undefined ? {} : { 'Content-Type': 'application/json' }),
        },
        body: request.body === undefined ? undefined : JSON.stringify(request.body),
        signal: AbortSignal.any([timer, ended]),
        trust,
      });
      if (status < 200 || status > 299) throw this.refusal(status, bytes);
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

interface Sent {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly signal: AbortSignal;
  readonly trust: Trust | undefined;
}

/** Not fetch: it cannot use other authorities. */
async function send(
  url: URL,
  { method, headers, body, signal, trust }: Sent,
): Promise<{ status: number; bytes: Buffer }> {
  const secure = url.protocol === 'https:';
  const options = { method, headers: { ...headers, Connection: 'close' }, signal };
  const request = secure
    ? requestOverTls(url, { ...options, ca: trust?.ca, rejectUnauthorized: trust?.insecure !== true })
    : requestPlain(url, options);
  const answered = once(request, 'response') as Promise<[IncomingMessage]>;
  request.end(body);
  const [response] = await answered;
  const pieces: Buffer[] = [];
  for await (const piece of response as AsyncIterable<Buffer>) pieces.push(piece);
  return { status: response.statusCode ?? 0, bytes: Buffer.concat(pieces) };
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return reasonOf(error.errors[0]);
  const { code, message } = (error ?? {}) as { code?: string; message?: string };
  if (code === 'ECONNREFUSED') return 'nothing listens there';
  if (code === 'ENOTFOUND') return 'there is no such host';
  if (code !== undefined && NOT_TRUSTED.has(code)) {
    return `its certificate is not trusted (${code}); fix: name the authority that signed it with --ca FILE`;
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return 'its certificate is for another name; fix: use that name in the URL';
  return message ?? messageOf(error);
}

const NOT_TRUSTED: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_UNTRUSTED',
  'CERT_HAS_EXPIRED',
]);
