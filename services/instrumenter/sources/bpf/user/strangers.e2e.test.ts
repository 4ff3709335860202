/* Attacks of unprivileged users on libraries of root's, through the instrumenter. Needs root, and user namespaces. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MetricDescription } from '../../../metrics/language/description';
import { RUNNING } from '../../../metrics/process';
import { usdt, userMoment, type Programs } from '../../../metrics/user';
import type { BpfSource } from '../bpf';
import { openBpf } from '../open';
import { HOST, instrumentation } from '../testing/real-kernel';
import { library, Mapper, NOBODY, noUserNamespace, OURS, PROBED, THEIRS } from '../testing/strangers';

const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
if (!isRoot) process.stderr.write('SKIPPED: strangers on the node: it needs root\n');

const NAME = `ca-shop-${process.pid}`;
const SHOP: Programs = { title: 'shop', file: new RegExp(`^${NAME}$`), installed: [] };
const METRIC: MetricDescription = {
  module: 'unix',
  stat: 'signals',
  label: 'sales',
  question: 'Is only the file that was read attached to?',
  unit: 'sales',
  interval: 'interval',
  fields: ['hostname', 'pid'],
  bpf: {
    probes: [
      {
        at: userMoment(SHOP, usdt('shop', 'sold')),
        steps: [{ kind: 'count', fields: { hostname: RUNNING.execname, pid: RUNNING.pid } }],
      },
    ],
  },
};

(isRoot ? describe : describe.skip)(
  `strangers on the node${isRoot ? '' : ' (skipped: it needs root)'}`,
  () => {
    let folder: string;
    let source: BpfSource;
    const mappers: Mapper[] = [];
    const mounted: string[] = [];

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'ca-strangers-'));
      chmodSync(folder, 0o755);
      for (const name of ['root', 'own']) mkdirSync(join(folder, name), { mode: 0o755 });
      chownSync(join(folder, 'own'), NOBODY, NOBODY);
      const opened = openBpf(HOST, [METRIC]);
      if (typeof opened === 'string') throw new Error(opened);
      source = opened;
    });
    afterEach(async () => {
      source.close();
      for (const mapper of mappers.splice(0)) await mapper.end();
      for (const path of mounted.splice(0)) spawnSync('umount', ['-l', path]);
      rmSync(folder, { recursive: true });
    });

    async function started(mapper: Promise<Mapper>): Promise<Mapper> {
      mappers.push(await mapper);
      return mapper;
    }

    /** While the question runs, root's library is probed at its own place, and has nothing of the attacker's. */
    async function isSafe(victim: Mapper): Promise<void> {
      const before = await victim.memory();
      const probe = await source.enable(instrumentation('unix.signals', []));
      expect(await victim.memory()).toEqual({ theirs: before.theirs, ours: [PROBED.code, PROBED.data] });
      probe.close();
    }

    test('another file that is mapped over the one that was read is not attached to: root’s code and data stay as they are', async () => {
      const [own, root] = [join(folder, 'own', NAME), join(folder, 'root', NAME)];
      writeFileSync(own, library(THEIRS), { mode: 0o644 });
      writeFileSync(root, library(OURS), { mode: 0o644 });
      const attacker = await started(Mapper.map(NOBODY, own, root));
      const victim = await started(Mapper.map(0, root));
      await source.look();
      await source.look();
      await attacker.swap();
      await isSafe(victim);
    });

    const why = isRoot ? noUserNamespace() : undefined;
    (why === undefined ? test : test.skip)(
      `a file of the same inode number, size and time on a file system of one’s own says nothing of root’s${why === undefined ? '' : ` (skipped: ${why})`}`,
      async () => {
        const root = join(folder, 'root');
        expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'ca', root]).status).toBe(0);
        mounted.push(root);
        const path = join(root, NAME);
        writeFileSync(path, library(OURS), { mode: 0o644 });
        const seconds = 1_700_000_000;
        utimesSync(path, seconds, seconds);
        const evil = join(folder, 'evil');
        writeFileSync(evil, library(THEIRS), { mode: 0o644 });
        const inode = statSync(path, { bigint: true }).ino;
        const twin = await started(Mapper.twin(evil, { inode, seconds, name: NAME }, join(folder, 'own')));
        await source.look();
        await source.look();
        await twin.end();
        const victim = await started(Mapper.map(0, path));
        await source.look();
        await isSafe(victim);
      },
    );

    test('a file that was written to since it was read is read again before it is attached to', async () => {
      const path = join(folder, 'root', NAME);
      writeFileSync(path, library(THEIRS), { mode: 0o644 });
      const victim = await started(Mapper.map(0, path));
      await source.look();
      writeFileSync(path, library(OURS));
      await expect(source.enable(instrumentation('unix.signals', []))).rejects.toThrow('was written to');
      await source.look();
      await isSafe(victim);
    });
  },
);
