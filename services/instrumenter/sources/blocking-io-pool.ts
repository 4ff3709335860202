/*
 * Reads that may never end: of a file that a program serves (FUSE), or of a process that is stuck in the kernel.
 * In: such work, and the user it is done for. Out: its result, or a LateError when it exceeds its time limit.
 *
 * A read that has begun cannot be cancelled; it blocks one of the few threads that the process has for such work. Most end
 * at once, so two run at a time. One that does not is put aside: it keeps its thread, and the others go on without it. Then no
 * user but the machine itself may take another thread, and all users together only some: a user delays only
 * his own files, and the other threads stay free for work that must never wait.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { PROC_FILE_MS } from './limits';

/** Threads for reads that another user may block: there are two such pools, and 16 threads in all (lean.ts). */
const READS = 6;
/** Of these, threads that users may block. */
const READS_OF_USERS = 3;

export class LateError extends Error {}

/** True when the caller no longer waits: the work should take no further step. */
export type IsLate = () => boolean;

/** The user that a read depends on, in words ("user 65534"); undefined for the machine's own files. */
export type Owner = string | undefined;

interface Job {
  /** Name of the work; one of a name runs at a time. */
  readonly name: string;
  /** Called only once something is blocked: it reads a file of /proc. */
  readonly ownerOf: () => Owner;
  owner?: { readonly name: Owner };
  state: 'waiting' | 'fresh' | 'aside' | 'late';
  readonly begin: () => void;
  readonly refuse: () => void;
}

/** Work that takes longer than this is put aside. */
const ASIDE_MS = 20;
const FRESH_AT_A_TIME = 2;

export class BlockingIoPool {
  private readonly slots: number;
  private readonly strangers: number;
  private readonly underWay = new Set<Job>();
  private readonly waiting = new Set<Job>();

  /** `strangers`: slots that users may block. */
  constructor(slots: number = READS, strangers: number = READS_OF_USERS) {
    this.slots = slots;
    this.strangers = strangers;
  }

  /** Slots still blocked although the caller no longer waits. */
  get stuck(): number {
    return this.late().length;
  }

  /** Who blocks reads now: a short text, which stays the same while they do. */
  shortfall(): string | undefined {
    const owners = [...new Set(this.late().map((job) => ownerOf(job) ?? 'this machine'))].sort();
    return owners.length === 0 ? undefined : `reads are held up by ${owners.join(', ')}`;
  }

  /**
   * `name` is shown; work of the same name is not tried again while it blocks. `tooLate` gets a result that arrives late.
   * Rejects with a LateError, or as the work does.
   */
  wait<T>(
    name: string,
    milliseconds: number,
    work: (isLate: IsLate) => Promise<T>,
    { tooLate, ownerOf = () => undefined }: { tooLate?: (result: T) => void; ownerOf?: () => Owner } = {},
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      let aside: NodeJS.Timeout | undefined;
      const isOver = (): boolean => job.state === 'late';
      const stopTimers = (): void => {
        clearTimeout(timer);
        clearTimeout(aside);
      };
      const giveUp = (): void => {
        stopTimers();
        this.waiting.delete(job);
        job.state = 'late';
        reject(new LateError(`${name} does not answer in time`));
      };
      const timer = setTimeout(() => {
        giveUp();
        this.next();
      }, milliseconds);
      const ended = (): void => {
        stopTimers();
        this.underWay.delete(job);
        this.next();
      };
      const job: Job = {
        name,
        ownerOf,
        state: 'waiting',
        refuse: giveUp,
        begin: () => {
          this.waiting.delete(job);
          this.underWay.add(job);
          job.state = 'fresh';
          aside = setTimeout(() => {
            job.state = 'aside';
            this.next();
          }, ASIDE_MS);
          work(isOver).then(
            (result) => {
              const isUseless = isOver();
              ended();
              if (isUseless) tooLate?.(result);
              else resolve(result);
            },
            (error: unknown) => {
              ended();
              reject(error instanceof Error ? error : new Error(String(error)));
            },
          );
        },
      };
      this.waiting.add(job);
      if (this.count('fresh') < FRESH_AT_A_TIME) this.start([job]);
    });
  }

  private late(): Job[] {
    return [...this.underWay].filter(({ state }) => state === 'late');
  }

  private next(): void {
    if (this.count('fresh') < FRESH_AT_A_TIME) this.start(this.waiting);
  }

  /** Starts or refuses those of these jobs that can be decided. */
  private start(jobs: Iterable<Job>): void {
    let way = this.wayOf();
    for (const job of jobs) {
      const verdict = way(job);
      if (verdict === 'wait') continue;
      if (verdict === 'refuse') {
        job.refuse();
        continue;
      }
      job.begin();
      if (this.count('fresh') >= FRESH_AT_A_TIME) return;
      way = this.wayOf();
    }
  }

  /** What to do with a job now: it waits for work that may still end in time, not for work that is already late. */
  private wayOf(): (job: Job) => 'begin' | 'refuse' | 'wait' {
    const all = [...this.underWay];
    const names = new Map(all.map((job) => [job.name, job.state]));
    const aside = all.filter(({ state }) => state !== 'fresh');
    const users = aside.filter((job) => ownerOf(job) !== undefined);
    const verdictOn = (others: readonly Job[]): 'refuse' | 'wait' =>
      others.every(({ state }) => state === 'late') ? 'refuse' : 'wait';
    const crowded = all.length < this.slots ? undefined : verdictOn(all);
    const usersCrowded = users.length < this.strangers ? undefined : verdictOn(users);
    return (job) => {
      const same = names.get(job.name);
      if (same !== undefined) return same === 'late' ? 'refuse' : 'wait';
      if (crowded !== undefined) return crowded;
      const owner = aside.length === 0 ? undefined : ownerOf(job);
      if (owner === undefined) return 'begin';
      const own = users.filter((other) => ownerOf(other) === owner);
      return own.length > 0 ? verdictOn(own) : (usersCrowded ?? 'begin');
    };
  }

  private count(state: Job['state']): number {
    let count = 0;
    for (const job of this.underWay) if (job.state === state) count++;
    return count;
  }
}

function ownerOf(job: Job): Owner {
  job.owner ??= { name: job.ownerOf() };
  return job.owner.name;
}

/** Bytes read at a time. */
const PIECE = 64 * 1024;

/** Reads only what is available at once: a pipe that has replaced the file does not block it. */
export const WITHOUT_WAITING = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** The beginning of a file of /proc. Rejects with a LateError if its process blocks the read. */
export function readStart(
  pool: BlockingIoPool,
  path: string,
  bytesMax: number,
  ownerOf: () => Owner = () => undefined,
): Promise<Buffer> {
  return pool.wait(
    path,
    PROC_FILE_MS,
    async (isLate) => {
      const file = await open(path, WITHOUT_WAITING);
      try {
        const pieces: Buffer[] = [];
        for (let length = 0; length < bytesMax && !isLate();) {
          const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(PIECE, bytesMax - length)));
          if (bytesRead === 0) break;
          pieces.push(buffer.subarray(0, bytesRead));
          length += bytesRead;
        }
        return Buffer.concat(pieces);
      } finally {
        await file.close();
      }
    },
    { ownerOf },
  );
}

/** Threads belong to the whole process: one pool for files of /proc that processes may block, one for files on disks. */
export const PROCESS_READS = new BlockingIoPool();
export const FILE_READS = new BlockingIoPool();

export const stuckReads = (): number => PROCESS_READS.stuck + FILE_READS.stuck;
