/*
 * Every error a user can see: one table of code, HTTP status and default sentence; one class that carries it.
 * Programmer's errors are ordinary Errors and answer 500 without their text.
 */

export const ERRORS = {
  INVALID: { status: 400, text: 'a value is not valid' },
  UNAUTHORIZED: { status: 401, text: 'a token is needed' },
  FORBIDDEN: { status: 403, text: 'this is not allowed' },
  NOT_FOUND: { status: 404, text: 'there is no such thing' },
  METHOD_NOT_ALLOWED: { status: 405, text: 'this resource does not take that method' },
  NOT_ACCEPTABLE: { status: 406, text: 'none of the accepted types can be made' },
  CONFLICT: { status: 409, text: 'this conflicts with what is there' },
  PRECONDITION_FAILED: { status: 412, text: 'a precondition does not hold' },
  TOO_LARGE: { status: 413, text: 'the body is too large' },
  UNSUPPORTED_TYPE: { status: 415, text: 'bodies of this type are not understood' },
  EXPECTATION_FAILED: { status: 417, text: 'nothing but 100-continue can be expected' },
  TOO_MANY: { status: 429, text: 'too many requests' },
  TOO_MANY_HEADERS: { status: 431, text: 'the request has too many header lines' },
  INTERNAL: { status: 500, text: 'something went wrong inside; the log says what' },
  NO_RESOURCE: { status: 503, text: 'nobody is there to do this now' },
  TIMED_OUT: { status: 503, text: 'an answer did not come in time' },
} as const satisfies Record<string, { status: number; text: string }>;

export type ErrorCode = keyof typeof ERRORS;

interface ErrorDetails {
  /** The parameter or property at fault, as the user wrote it: `predicate.and[1].lt`. */
  readonly field?: string;
  /** Seconds after which to retry. */
  readonly retryAfter?: number;
  /** Allowed methods. */
  readonly allow?: readonly string[];
  readonly cause?: unknown;
}

export class CaError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly field: string | undefined;
  readonly retryAfter: number | undefined;
  readonly allow: readonly string[] | undefined;

  constructor(code: ErrorCode, message: string = ERRORS[code].text, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'CaError';
    this.code = code;
    this.status = ERRORS[code].status;
    this.field = details.field;
    this.retryAfter = details.retryAfter;
    this.allow = details.allow;
  }
}

/** An error about a user's value: the field's name, followed by what is wrong or what is allowed. */
export function invalid(field: string, what: string): CaError {
  return new CaError('INVALID', `${field} ${what}`, { field });
}

export function notFound(what: string): CaError {
  return new CaError('NOT_FOUND', `there is no ${what}`);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
