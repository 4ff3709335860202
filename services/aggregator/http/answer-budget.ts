/*
 * Memory budget of answers that clients have not received yet. In: each answer as it grows. Out: nothing, or a
 * refusal: for one answer that is too large, with what to reduce; for all together, with when to retry.
 */
import type { ServerResponse } from 'node:http';
import { CaError, invalid } from '../../../common/service/errors';

interface HeldLimits {
  readonly answerBytes: number;
  readonly allBytes: number;
}

export class AnswerBudget {
  bytes = 0;
  private readonly limits: HeldLimits;

  constructor(limits: HeldLimits) {
    this.limits = limits;
  }

  /** Call what it returns with each piece; all of it is free again when the client has it, or has gone. */
  open(outgoing: ServerResponse, parameter: string): (bytes: number) => void {
    const { answerBytes, allBytes } = this.limits;
    let own = 0;
    let closed = outgoing.closed;
    outgoing.once('close', () => {
      closed = true;
      this.bytes -= own;
    });
    return (bytes) => {
      if (closed) return;
      if (own + bytes > answerBytes) {
        throw invalid(parameter, `makes an answer of more than ${answerBytes} bytes: ask for less at a time`);
      }
      if (this.bytes + bytes > allBytes) {
        throw new CaError('NO_RESOURCE', 'too many large answers are on their way', { retryAfter: 1 });
      }
      own += bytes;
      this.bytes += bytes;
    };
  }
}
