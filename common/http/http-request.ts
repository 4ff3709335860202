/*
 * A request as handlers get it. In: its admitted target, and the connection. Out: query, body and parameters,
 * within their limits; a signal that aborts when its client goes away.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { CaError } from '../service/errors';
import type { AnyMethod, Target } from './target';

/** Size limit of request bodies. */
export const BODY_BYTES = 64 * 1024;

export interface Request {
  readonly method: AnyMethod;
  /** Admitted path and query. */
  readonly url: string;
  readonly path: string;
  /** Parameters of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** Query string; a form body is merged in, and takes precedence. A repeated name has all its texts. */
  readonly query: ReadonlyMap<string, string | readonly string[]>;
  /** Parsed JSON body; undefined without one. */
  readonly json: unknown;
  readonly headers: IncomingMessage['headers'];
  /** Aborted when the client goes away before it has its answer: work for it may stop. */
  readonly gone: AbortSignal;
  /** Node's own object, for handlers that stream. */
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  /** Raw body, for forwarding. */
  readonly body: Buffer;
}

const EMPTY = Buffer.alloc(0);

/** Throws INVALID, TOO_LARGE or UNSUPPORTED_TYPE. */
export async function readRequest(
  { method, path, search }: Target,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  params: Request['params'],
  bodyBytes: number = BODY_BYTES,
): Promise<Request> {
  let query: Map<string, string | string[]> | undefined;
  const readQuery = (): Map<string, string | string[]> => (query ??= textsOf(search));
  const body = hasBody(incoming) ? await readBody(incoming, bodyBytes) : EMPTY;
  const type = (incoming.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  let json: unknown;
  let gone: AbortSignal | undefined;
  if (body.length > 0) {
    if (type === 'application/json' || type.endsWith('+json')) json = parseJson(body);
    else if (type === 'application/x-www-form-urlencoded') {
      const text = body.toString('utf8');
      // `curl -d` sends everything as a form; no parameter's name begins like this.
      if (/^\s*[{[]/.test(text)) {
        throw new CaError(
          'UNSUPPORTED_TYPE',
          'the body looks like JSON: Content-Type must be application/json',
          {
            field: 'Content-Type',
          },
        );
      }
      for (const [name, texts] of textsOf(text)) readQuery().set(name, texts);
    } else {
      throw new CaError(
        'UNSUPPORTED_TYPE',
        'Content-Type must be application/json or application/x-www-form-urlencoded',
        { field: 'Content-Type' },
      );
    }
  }
  return {
    method,
    url: search === '' ? path : `${path}?${search}`,
    path,
    params,
    // On first use: a value request is passed on as it came.
    get query() {
      return readQuery();
    },
    json,
    headers: incoming.headers,
    incoming,
    outgoing,
    body,
    get gone() {
      return (gone ??= goneSignal(outgoing));
    },
  };
}

function textsOf(form: string): Map<string, string | string[]> {
  const found = new Map<string, string | string[]>();
  for (const [name, text] of new URLSearchParams(form)) {
    const before = found.get(name);
    if (before === undefined) found.set(name, text);
    else if (typeof before === 'string') found.set(name, [before, text]);
    else before.push(text);
  }
  return found;
}

/** Created on first use: most requests are answered at once. */
function goneSignal(outgoing: ServerResponse): AbortSignal {
  if (outgoing.destroyed && !outgoing.writableFinished) return AbortSignal.abort();
  const controller = new AbortController();
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) controller.abort();
  });
  return controller.signal;
}

function hasBody(incoming: IncomingMessage): boolean {
  return (
    incoming.headers['transfer-encoding'] !== undefined || Number(incoming.headers['content-length'] ?? 0) > 0
  );
}

async function readBody(incoming: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const tooLarge = new CaError('TOO_LARGE', `the body is larger than ${bytesMax} bytes`);
  if (Number(incoming.headers['content-length'] ?? 0) > bytesMax) throw tooLarge;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > bytesMax) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch (error) {
    throw new CaError('INVALID', `the body is not JSON: ${(error as Error).message}`, { field: 'body' });
  }
}
