/*
 * The last warnings and errors of a service, kept in memory for its dumps. In: what it logs. Out: the newest
 * RECENT_ERRORS of them. Copies are kept, so that logged objects can be collected.
 */
import type { Clock } from '../service/clock';
import type { Log } from '../service/log';
import { presentable, TEXT_LENGTH } from './presentable';

/** Number of warnings and errors kept for a dump. */
export const RECENT_ERRORS = 50;
/** Size of each. */
const RECENT_ERROR_BYTES = 4096;

export interface Remembered {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly level: 'warn' | 'error';
  readonly text: string;
  readonly fields: unknown;
}

export class Recent {
  /** Warnings and errors since the start. */
  readonly counts = { warn: 0, error: 0 };
  private readonly ring: Remembered[] = [];
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Oldest first. */
  get all(): readonly Remembered[] {
    return this.ring;
  }

  add(level: 'warn' | 'error', fields: unknown, text: string): void {
    this.counts[level]++;
    if (this.ring.length >= RECENT_ERRORS) this.ring.shift();
    this.ring.push({
      time: this.clock.now(),
      level,
      text: text.slice(0, TEXT_LENGTH),
      fields: presentable(fields, [], RECENT_ERROR_BYTES),
    });
  }

  /** A log that also records its warnings and errors here. */
  remembering(log: Log): Log {
    return {
      debug: (fields, text) => {
        log.debug(fields, text);
      },
      info: (fields, text) => {
        log.info(fields, text);
      },
      warn: (fields, text) => {
        this.add('warn', fields, text);
        log.warn(fields, text);
      },
      error: (fields, text) => {
        this.add('error', fields, text);
        log.error(fields, text);
      },
    };
  }
}
