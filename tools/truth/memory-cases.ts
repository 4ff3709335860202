/*
 * Cases of memory: a container of our own that is too small, and a file to swap to. In: a machine, a size. Out: two
 * numbers, as cases.ts has them.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MetricName } from '../../common/model/metric';
import { amount, inFolder, mine, ranged, sleep, type Case } from './case';
import { both, is, Unavailable, type Asked } from './measure';
import { NAME, perl, run, withPerl } from './workload';

const MIB = 2 ** 20;

interface Container {
  /** Perl: the program moves there. */
  readonly enter: string;
  readonly where: Asked['where'];
  /** A number of its memory.stat, by its name in each version. */
  readonly stat: (first: string, second: string) => number;
}

/** A control group that is named as a container's, with this memory limit, for the time of a workload. */
async function contained<T>(limit: number, work: (container: Container) => Promise<T>): Promise<T> {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '));
  const first = mounts.find(
    ([, , type, options]) => type === 'cgroup' && options?.split(',').includes('memory'),
  )?.[1];
  const second = mounts.find(([, , type]) => type === 'cgroup2')?.[1];
  const id = randomBytes(32).toString('hex');
  const folder = `${first ?? second ?? ''}/docker-${id}.scope`;
  const file = `${folder}/${first === undefined ? 'memory.max' : 'memory.limit_in_bytes'}`;
  try {
    mkdirSync(folder);
    if (!existsSync(file)) throw new Error('it has no memory controller');
    writeFileSync(file, String(limit));
  } catch (error) {
    if (existsSync(folder)) rmdirSync(folder);
    throw new Unavailable(`no control group with a limit can be made here: ${String(error)}`);
  }
  const stat = (name: string): number =>
    Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(readFileSync(`${folder}/memory.stat`, 'utf8'))?.[1]);
  try {
    return await work({
      enter: `open(my $in, ">", "${folder}/cgroup.procs") or die; syswrite($in, $$) or die; close $in;`,
      where: is('zonename', id.slice(0, 12)),
      stat: (one, other) => stat(first === undefined ? other : one),
    });
  } finally {
    for (let i = 0; i < 50 && existsSync(folder); i++) {
      try {
        rmdirSync(folder);
      } catch {
        await sleep(20);
      }
    }
  }
}

/** With somewhere to swap to. */
async function swapping<T>(work: () => Promise<T>): Promise<T> {
  return inFolder(async (folder) => {
    const file = join(folder, 'swap');
    try {
      await run('dd', 'if=/dev/zero', `of=${file}`, 'bs=1M', 'count=96', 'status=none');
      await run('chmod', '600', file);
      await run('mkswap', file);
      await run('swapon', file);
    } catch (error) {
      throw new Unavailable(`nothing can be swapped here: ${String(error).slice(0, 100)}`);
    }
    try {
      return await work();
    } finally {
      await run('swapoff', file);
    }
  });
}

/** Perl: a number of /proc/self/status in bytes. */
const STATUS =
  'sub status { open(my $s, "<", "/proc/self/status"); while (<$s>) { return 1024 * $1 if /^$_[0]:\\s+(\\d+)/ } 0 }';
/** Control groups add small changes up every 2 s. */
const ADDED_UP_MS = 2500;
/** Containers are listed every 5 s. */
const KNOWN_MS = 5500;

/** Writes a file that is larger than its container, which takes the pages back. */
const FILL_BYTES = 160 * MIB;
const fill = (folder: string): string =>
  `open(my $h, ">", "${folder}/data") or die; my $x = "x" x ${MIB}; for (1..${FILL_BYTES / MIB}) { syswrite($h, $x) }`;

/** Lines of the kernel's own trace of an event, of programs of this name, while `work` runs. */
async function traced(event: string, name: string, work: () => Promise<unknown>): Promise<number> {
  const folder = `/sys/kernel/tracing/instances/${NAME}`;
  try {
    mkdirSync(folder);
  } catch (error) {
    throw new Unavailable(`the kernel’s own trace cannot be read here: ${String(error)}`);
  }
  try {
    writeFileSync(`${folder}/events/${event}/enable`, '1');
    await work();
    writeFileSync(`${folder}/events/${event}/enable`, '0');
    return readFileSync(`${folder}/trace`, 'utf8')
      .split('\n')
      .filter((line) => line.trimStart().startsWith(`${name}-`)).length;
  } finally {
    rmdirSync(folder);
  }
}

/** Of a container, before and after its program has taken more. */
function grows(metric: MetricName, limit: number, status: string, witness: string): Case {
  return {
    metric,
    witness,
    tolerance: 0.05,
    run: (machine) =>
      contained(limit, ({ enter, where }) => {
        const held = async (): Promise<number> => {
          const asked = { metric, ...(where === undefined ? {} : { where }) };
          const [, [answer]] = await machine.during([asked], () => sleep(ADDED_UP_MS));
          return amount(answer);
        };
        const script = `${STATUS} ${enter} print "ready\\n"; <STDIN>; my $b = status("${status}"); my $n = ${64 * MIB}; my $x = "x" x $n; print status("${status}") - $b, "\\n"; <STDIN>`;
        return withPerl(script, async (program) => {
          const before = await held();
          const grown = Number(await program.go());
          return [(await held()) - before, grown] as const;
        });
      }),
  };
}

const swap = grows('memory.swap', 24 * MIB, 'VmSwap', 'VmSwap of a program in a container that is too small');

export const MEMORY_CASES: readonly Case[] = [
  {
    metric: 'memory.oom_kills',
    witness: 'programs that were killed',
    tolerance: 0,
    run: (machine) =>
      contained(16 * MIB, async ({ enter }) => {
        const script = `my $n = 0; for (1..3) { my $p = fork; if ($p == 0) { ${enter} my $x = "x" x 200_000_000; exit 0 } waitpid $p, 0; $n++ if ($? & 127) == 9 } print $n`;
        const [killed, [answer]] = await machine.during([{ metric: 'memory.oom_kills', where: mine }], () =>
          perl(script),
        );
        return [amount(answer), Number(killed)] as const;
      }),
  },
  grows('memory.rss', 512 * MIB, 'RssAnon', 'RssAnon of a program in a container'),
  {
    metric: 'memory.rss_limit',
    witness: 'the limit that a container was given',
    tolerance: 0,
    run: (machine) =>
      contained(48 * MIB, ({ enter, where = mine }) =>
        withPerl(`${enter} print "ready\\n"; <STDIN>`, async () => {
          await sleep(KNOWN_MS);
          const [, [answer]] = await machine.during([{ metric: 'memory.rss_limit', where }], () =>
            sleep(100),
          );
          return [amount(answer), 48 * MIB] as const;
        }),
      ),
  },
  { ...swap, tolerance: 0.1, run: (machine, size) => swapping(() => swap.run(machine, size)) },
  {
    metric: 'memory.swap_limit',
    witness: '/proc/swaps, with a file of 96 MiB',
    tolerance: 0,
    run: (machine) =>
      swapping(async () => {
        const sizes = readFileSync('/proc/swaps', 'utf8').split('\n').slice(1);
        const all = sizes.reduce((sum, line) => sum + 1024 * Number(line.split(/\s+/)[2] ?? 0), 0);
        const [, [answer]] = await machine.during([{ metric: 'memory.swap_limit' }], () => sleep(100));
        return [amount(answer), all] as const;
      }),
  },
  {
    metric: 'memory.pageins',
    witness: 'major faults in /proc/self/stat of programs whose file is not in memory',
    tolerance: 0.05,
    run: (machine, size) =>
      inFolder((folder) =>
        contained(256 * MIB, async ({ enter, where = mine }) => {
          const program = join(folder, 'program');
          await run('sh', '-c', `cp "$(command -v perl)" ${program} && sync -d ${program}`);
          // What is counted before the container is known is not: it is there first.
          const script = `${enter} print "ready\\n"; <STDIN>;
            for (1..${Math.min(size, 100)}) { system("dd", "if=${program}", "iflag=nocache", "count=0", "status=none"); system("${program}", "-e", "1") }
            open(my $s, "<", "/proc/self/stat"); my @n = split / /, (split /\\) /, <$s>)[1]; print $n[9] + $n[10], "\\n"; <STDIN>`;
          const [faults, answer] = await withPerl(script, async (standing) => {
            await sleep(KNOWN_MS);
            const [printed, [counted]] = await machine.during(
              [{ metric: 'memory.pageins', where }],
              async () => {
                const line = await standing.go();
                await sleep(ADDED_UP_MS);
                return line;
              },
            );
            return [Number(printed), counted] as const;
          });
          if (faults === 0) throw new Unavailable(`${folder} is in memory, not on a disk`);
          return [amount(answer), faults] as const;
        }),
      ),
  },
  {
    metric: 'memory.reclaimed_bytes',
    witness: 'bytes written to a file, but for those that their container still has',
    tolerance: 0.1,
    run: (machine) =>
      inFolder((folder) =>
        contained(32 * MIB, async ({ enter, stat }) => {
          const [, [answer]] = await machine.during([{ metric: 'memory.reclaimed_bytes' }], () =>
            perl(`${enter} ${fill(folder)}`),
          );
          return [amount(answer), FILL_BYTES - stat('cache', 'file')] as const;
        }),
      ),
  },
  {
    metric: 'memory.reclaims',
    witness: 'the kernel’s own trace of mm_vmscan_memcg_reclaim_begin',
    tolerance: 0,
    run: (machine) =>
      inFolder((folder) =>
        contained(16 * MIB, async ({ enter }) => {
          const where = both(mine, is('space', 'container'));
          const [begun, [answer]] = await machine.during([{ metric: 'memory.reclaims', where }], () =>
            traced('vmscan/mm_vmscan_memcg_reclaim_begin', NAME, () => perl(`${enter} ${fill(folder)}`)),
          );
          return [amount(answer), begun] as const;
        }),
      ),
  },
  {
    metric: 'memory.pressure',
    witness: '/proc/pressure/memory, while a container is too small',
    tolerance: 0.05,
    run: (machine) =>
      inFolder((folder) =>
        contained(16 * MIB, async ({ enter }) => {
          const total = (): number =>
            1000 *
            Number(/^some .* total=(\d+)$/m.exec(readFileSync('/proc/pressure/memory', 'utf8'))?.[1] ?? NaN);
          return ranged(
            await machine.beside({ metric: 'memory.pressure' }, total, () =>
              perl(`${enter} ${fill(folder)}`),
            ),
          );
        }),
      ),
  },
];
