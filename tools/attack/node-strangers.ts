/*
 * Attacks of unprivileged users on a node: on root's libraries, and with files that are slow or strange to read. The libraries are
 * our own, with the C library's name: the system's own is probed as always, and not attacked.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  aNote,
  anElf,
  SECTION,
  withSection,
} from '../../services/instrumenter/sources/bpf/testing/elf-writer';
import {
  library,
  Mapper,
  NOBODY,
  OURS,
  PROBED,
  THEIRS,
} from '../../services/instrumenter/sources/bpf/testing/strangers';
import { Withholding } from '../../services/instrumenter/sources/bpf/testing/withholding';
import { cgroupRoot } from '../../services/instrumenter/sources/bpf/zones/zones';
import { until } from '../testing/until';
import { leftOut, verdict, type Attack, type Outcome } from './attack';
import { TOKENS, type System } from './system';

const NODE = 'node-a';
const LIBRARY = 'libc.so.6';
/** A file is found within two scans, which are 5 s apart while user programs are asked about. */
const FOUND_MS = 25_000;
const LOOKUPS = { module: 'dns', stat: 'lookups' };

/** Runs as root, with a folder that all users can read; `own` in it belongs to the user nobody. */
const asRoot =
  (attack: (system: System, folder: string) => Promise<Outcome>) =>
  async (system: System): Promise<Outcome> => {
    if (process.getuid?.() !== 0) return leftOut('it needs root, to be robbed');
    const folder = mkdtempSync(join(tmpdir(), 'ca-attack-node-'));
    chmodSync(folder, 0o755);
    for (const name of ['own', 'root']) mkdirSync(join(folder, name), { mode: 0o755 });
    chownSync(join(folder, 'own'), NOBODY, NOBODY);
    try {
      return await attack(system, folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };

/** Creates an instrumentation of user programs, so that files are scanned often, and does the rest while that runs. */
async function asking(
  system: System,
  question: object,
  work: (uri: string) => Promise<Outcome>,
): Promise<Outcome> {
  const uri = await system.create(TOKENS.operator, '/ca', question);
  try {
    return await work(uri);
  } finally {
    await system.ask(TOKENS.operator, 'DELETE', uri);
  }
}

/** Root's library, once it is probed itself, must have nothing of the attacker's in it. */
async function robbed(victim: Mapper, before: readonly string[]): Promise<Outcome> {
  const { theirs } = await until('root’s library being watched', FOUND_MS, async () => {
    const memory = await victim.memory();
    return memory.ours[0] === PROBED.code ? memory : undefined;
  });
  const changed = theirs.filter((word, i) => word !== before[i]);
  return verdict(changed.map((word) => `root's library reads ${word} at the attacker's place`));
}

/** A megabyte of notes of wanted probes, whose arguments are almost valid. */
function verbose(): Buffer {
  const note = { provider: 'postgresql', name: 'query__start', address: 0x1004, base: 0, semaphore: 0 };
  const notes = Array.from({ length: 900 }, () => aNote({ ...note, args: '1'.repeat(1000) }));
  return withSection(anElf({ notes: [], base: 0, symbols: [] }), SECTION.notes, Buffer.concat(notes));
}

export const attacks: readonly Attack[] = [
  {
    area: 'node',
    name: 'F4: a library mapped over the file that was read gets no breakpoint at that file’s place',
    limitMs: 80_000,
    beside: true,
    run: asRoot(async (system, folder) => {
      const [own, root] = [join(folder, 'own', LIBRARY), join(folder, 'root', LIBRARY)];
      writeFileSync(own, library(THEIRS, 'getaddrinfo'), { mode: 0o644 });
      writeFileSync(root, library(OURS, 'getaddrinfo'), { mode: 0o644 });
      const attacker = await Mapper.map(NOBODY, own, root);
      const victim = await Mapper.map(0, root);
      try {
        const before = (await victim.memory()).theirs;
        return await asking(system, LOOKUPS, async () => {
          await until('the attacker’s file being watched', FOUND_MS, async () =>
            (await attacker.memory()).theirs[0] === PROBED.code ? true : undefined,
          );
          await attacker.swap();
          // Another instrumentation attaches again to the known files.
          return asking(system, { ...LOOKUPS, decomposition: 'execname' }, () => robbed(victim, before));
        });
      } finally {
        await Promise.all([attacker.end(), victim.end()]);
      }
    }),
  },
  {
    area: 'node',
    name: 'F5: a file of the same inode number, size and time on a file system of one’s own stands for no other',
    limitMs: 80_000,
    beside: true,
    run: asRoot(async (system, folder) => {
      const root = join(folder, 'root');
      if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'ca', root]).status !== 0) {
        return leftOut('nothing can be mounted here');
      }
      const path = join(root, LIBRARY);
      let twin: Mapper | undefined;
      let victim: Mapper | undefined;
      try {
        writeFileSync(path, library(OURS, 'getaddrinfo'), { mode: 0o644 });
        const seconds = 1_700_000_000;
        utimesSync(path, seconds, seconds);
        const evil = join(folder, 'evil');
        writeFileSync(evil, library(THEIRS, 'getaddrinfo'), { mode: 0o644 });
        const inode = statSync(path, { bigint: true }).ino;
        const attacker = await Mapper.twin(evil, { inode, seconds, name: LIBRARY }, join(folder, 'own'));
        twin = attacker;
        return await asking(system, LOOKUPS, async () => {
          await until('the attacker’s file being watched', FOUND_MS, async () =>
            (await attacker.memory()).theirs[0] === PROBED.code ? true : undefined,
          );
          await attacker.end();
          victim = await Mapper.map(0, path);
          return robbed(victim, (await victim.memory()).theirs);
        });
      } finally {
        await Promise.all([twin?.end(), victim?.end()]);
        spawnSync('umount', ['-l', root]);
      }
    }),
  },
  {
    area: 'node',
    name: 'U6: files that a user’s program never hands out keep nobody else’s arguments from being read',
    limitMs: 60_000,
    beside: true,
    run: asRoot(async (system, folder) => {
      for (const name of ['fuse', 'empty', 'over']) mkdirSync(join(folder, name));
      const over = join(folder, 'over');
      const held = await Withholding.mount(join(folder, 'fuse'), 'postgres', 3).catch(() => undefined);
      if (held === undefined) return leftOut('this kernel has no FUSE');
      const layers = `lowerdir=${join(folder, 'empty')}:${join(folder, 'fuse')}`;
      const mounted = spawnSync('mount', ['-t', 'overlay', 'overlay', '-o', layers, over]);
      const marker = `86${process.pid}`;
      const program = spawn('sleep', [marker]);
      try {
        if (mounted.status !== 0) return leftOut('this kernel has no overlay over FUSE');
        held.hide();
        for (let i = 0; i < 3; i++) await held.map(join(over, 'postgres'), NOBODY);
        return await asking(system, LOOKUPS, () =>
          asking(system, { module: 'unix', stat: 'processes', decomposition: 'psargs' }, async (uri) => {
            await pause(8000);
            const { body } = await system.ask(TOKENS.operator, 'GET', `${uri}/value/raw`);
            const { value } = body as { value: Readonly<Record<string, number>> };
            return verdict([
              ...(Object.hasOwn(value, `sleep ${marker}`)
                ? []
                : ['the arguments of root’s program are not there']),
              ...((value['(unknown)'] ?? 0) > 3 ? [`${value['(unknown)']} processes are unknown`] : []),
            ]);
          }),
        );
      } finally {
        program.kill('SIGKILL');
        await held.unmount();
        spawnSync('umount', ['-l', over]);
      }
    }),
  },
  {
    area: 'node',
    name: 'U7: control groups that nest deeper than a path is long leave zones as they are, also after a restart',
    limitMs: 60_000,
    beside: true,
    run: asRoot(async (system) => {
      const root = cgroupRoot(readFileSync('/proc/self/mounts', 'utf8'));
      if (root === undefined) return leftOut('there are no control groups of version 2');
      const top = join(root, `ca-attack-${process.pid}`);
      const dig = 'chdir $ARGV[0]; for (1..18) { mkdir $ARGV[1] and chdir $ARGV[1] or die $! }';
      const fill =
        'sub up { chdir ".."; rmdir $ARGV[1] } chdir $ARGV[0]; my $n = 0; $n++ while chdir $ARGV[1]; up() for 1..$n';
      const name = 'd'.repeat(250);
      try {
        mkdirSync(top);
        if (spawnSync('perl', ['-e', dig, top, name]).status !== 0) return leftOut('they do not nest here');
        const fresh = await system.another('nested', { hosts: ['node-nested'] });
        const url = new URL('/ca/instrumentations', fresh.url);
        const question = { module: 'syscall', stat: 'syscalls', decomposition: 'zonename' };
        const made = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(question),
        });
        if (made.status !== 201) return leftOut(`it cannot be asked: ${made.status}`);
        const { uri } = (await made.json()) as { uri: string };
        const found = await until('zones being told', 15_000, async () => {
          const answer = await fetch(new URL(`${uri}/value/raw`, fresh.url));
          const { value } = (await answer.json()) as { value: Readonly<Record<string, number>> };
          return Object.keys(value).length > 0 ? value : undefined;
        });
        const known = Object.keys(found).filter((zone) => zone !== '(unknown)');
        return verdict(known.length > 0 ? [] : [`zones are ${Object.keys(found).join()}`]);
      } finally {
        spawnSync('perl', ['-e', fill, top, name]);
        rmSync(top, { recursive: true, force: true });
      }
    }),
  },
  {
    area: 'node',
    name: 'U8: programs whose probes are described at length cost a share, and no second is missed',
    limitMs: 60_000,
    run: asRoot(async (system, folder) => {
      const all: Mapper[] = [];
      try {
        for (let i = 0; i < 25; i++) {
          mkdirSync(join(folder, String(i)));
          const path = join(folder, String(i), 'postgres');
          writeFileSync(path, Buffer.concat([verbose(), Buffer.from(String(i))]), { mode: 0o644 });
          all.push(await Mapper.map(NOBODY, path));
        }
        return await asking(system, LOOKUPS, async () => {
          const missed = async (): Promise<number> => {
            const { counters } = (await system.stack.instrumenterStatus(NODE)) as {
              counters: { ticksMissed: number };
            };
            return counters.ticksMissed;
          };
          const before = await missed();
          await pause(15_000);
          const since = (await missed()) - before;
          return verdict(since > 2 ? [`${since} seconds were missed`] : []);
        });
      } finally {
        await Promise.all(all.map((one) => one.end()));
      }
    }),
  },
];
