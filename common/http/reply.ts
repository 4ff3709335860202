/* A handler's answer. Next: gzip.ts, which may compress it. */

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON with a final newline. */
  readonly json?: unknown;
  readonly bytes?: Buffer | string;
  readonly contentType?: string;
  /** The handler has answered, or is answering, through request.outgoing. */
  readonly streamed?: boolean;
}
