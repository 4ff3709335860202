/* What a handler answers. Next: gzip.ts, which may make it smaller. */

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
