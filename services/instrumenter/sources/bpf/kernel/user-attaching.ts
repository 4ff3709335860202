/*
 * How programs are attached to user programs. In: the kernel, a path of our own to an open file, a place in it. Out: a
 * descriptor; closing it detaches. There are two ways, and the first that this kernel allows is used:
 *
 * event - of the type uprobe (Linux 4.17). The kernel requires CAP_SYS_ADMIN for it, though CAP_PERFMON should be enough.
 * link - of BPF's own (uprobe_multi, Linux 6.6), for which CAP_BPF and CAP_PERFMON are enough.
 */
import { readFileSync } from 'node:fs';
import { ERRNO, PERF } from './abi';
import { MissingError } from './kernel-types';
import { addressOf, errorName, KernelError, type Kernel } from './kernel';
import { userLinkAttribute } from '../compiler/attributes';
import type { Site } from '../compiler/site';

export type UserWay = 'event' | 'link';

/** A path that does not exist: the error shows whether attaching is permitted. */
const NOWHERE = Buffer.from('/proc/self/fd/none\0');
const UPROBE_PATH = '/sys/bus/event_source/devices/uprobe/type';
/** r0 = 0; exit */
const TRIVIAL = Buffer.from('b7000000000000009500000000000000', 'hex');

export class UserAttaching {
  private readonly kernel: Kernel;
  private readonly ways: readonly UserWay[];
  private found: UserWay | MissingError | undefined;

  constructor(kernel: Kernel, ways: readonly UserWay[] = ['event', 'link']) {
    this.kernel = kernel;
    this.ways = ways;
  }

  /** Throws a MissingError if neither is possible here. */
  way(): UserWay {
    this.found ??= this.find();
    if (this.found instanceof MissingError) throw this.found;
    return this.found;
  }

  /** The descriptor of a loaded program. Throws a KernelError with the verifier's log. */
  load(name: string, code: Buffer): number {
    return this.kernel.load(name, code, this.way() === 'event' ? 'user' : 'userLink');
  }

  /** Attaches the program to the place, in all processes. `path` leads to the very file of the site, `title` is for messages. */
  async attach(path: string, title: string, site: Site, program: number): Promise<number> {
    const name = Buffer.from(`${path}\0`);
    const what = `${site.name} of ${title}`;
    if (this.way() === 'event') {
      const pmu = eventType() ?? 0;
      const event = PERF.userEvent(pmu, addressOf(name), site.offset, site.semaphore, site.isReturn);
      return this.kernel.attachEvent(what, event, name, program);
    }
    const [place, semaphore] = [word(site.offset), word(site.semaphore)];
    const places = { path: addressOf(name), place: addressOf(place), semaphore: addressOf(semaphore) };
    const attributes = userLinkAttribute(
      program,
      site.semaphore === 0 ? { ...places, semaphore: 0n } : places,
      site.isReturn,
    );
    let link = await this.kernel.bpfAsync('linkCreate', attributes, name, place, semaphore);
    // Called again to get errno: the first call ran on another thread.
    if (link < 0) link = this.kernel.bpf('linkCreate', attributes);
    if (link < 0) throw new KernelError(`${what} cannot be attached to`, this.kernel.errno());
    return link;
  }

  private find(): UserWay | MissingError {
    const obstacles: string[] = [];
    for (const way of this.ways) {
      const obstacle = way === 'event' ? this.tryEvent() : this.tryLink();
      if (obstacle === undefined) return way;
      obstacles.push(obstacle);
    }
    return new MissingError(`the kernel does not let us stop in user programs: ${obstacles.join('; ')}`);
  }

  /** Why events are not available; undefined when they are. */
  private tryEvent(): string | undefined {
    const pmu = eventType();
    if (pmu === undefined) return 'it has no uprobes (Linux 4.17 with CONFIG_UPROBE_EVENTS)';
    const event = this.kernel.openEvent(PERF.userEvent(pmu, addressOf(NOWHERE), 0, 0, false));
    const errno = event < 0 ? this.kernel.errno() : 0;
    if (event >= 0) this.kernel.close(event);
    return errno === ERRNO.ENOENT || errno === 0
      ? undefined
      : `events of uprobes: ${errorName(errno)} (they need CAP_SYS_ADMIN)`;
  }

  private tryLink(): string | undefined {
    let program: number | undefined;
    try {
      program = this.kernel.load('try', TRIVIAL, 'userLink');
      const place = word(0);
      const nowhere = { path: addressOf(NOWHERE), place: addressOf(place), semaphore: 0n };
      const link = this.kernel.bpf('linkCreate', userLinkAttribute(program, nowhere, false));
      const errno = link < 0 ? this.kernel.errno() : 0;
      if (link >= 0) this.kernel.close(link);
      return errno === ERRNO.ENOENT
        ? undefined
        : `links of uprobes: ${errorName(errno)} (Linux 6.6 has them)`;
    } catch (error) {
      if (error instanceof KernelError)
        return `links of uprobes: ${errorName(error.errno)} (Linux 6.6 has them)`;
      throw error;
    } finally {
      if (program !== undefined) this.kernel.close(program);
    }
  }
}

/** The type of uprobes for perf_event_open(2); undefined if the kernel has none. */
function eventType(): number | undefined {
  try {
    const type = Number(readFileSync(UPROBE_PATH, 'utf8'));
    return Number.isSafeInteger(type) && type > 0 ? type : undefined;
  } catch {
    return undefined;
  }
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
