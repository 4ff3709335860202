/*
 * A new operator's walk: which process causes slow disk writes, on which of three nodes? Real broker, config service
 * and aggregator; three nodes whose events are known. The transcript is docs/operators-walk.md, compared line by line
 * after times and speeds are removed. CA_WRITE_DOCS=1 rewrites the document.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startTestStack, type TestStack } from '../testing/test-stack';
import { until } from '../testing/until';
import { CACTL } from './commands';
import { run } from './testing/console';
import { startNode, type KnownEvent, type KnownNode } from './testing/node';

const disk = (optype: string, latency: number, count: number): KnownEvent => ({
  metric: 'disk.physio_ops',
  count,
  fields: { optype, latency },
});
const file = (execname: string, optype: string, latency: number, count: number): KnownEvent => ({
  metric: 'fs.logical_ops',
  count,
  fields: { execname, optype, latency },
});

const HEALTHY = [
  disk('read', 200_000, 50),
  disk('write', 900_000, 20),
  disk('write', 2_300_000, 10),
  file('postgres', 'write', 1_000_000, 30),
];
const EVENTS: Readonly<Record<string, readonly KnownEvent[]>> = {
  db1: HEALTHY,
  db2: [
    ...HEALTHY,
    disk('write', 120_000_000, 4),
    disk('write', 250_000_000, 2),
    file('backup-sync', 'write', 180_000_000, 5),
    file('postgres', 'write', 45_000_000, 2),
  ],
  db3: HEALTHY,
};

const DOCUMENT = join(root(), 'docs', 'operators-walk.md');
const LIMIT_MS = 180_000;

let stack: TestStack;
let nodes: KnownNode[] = [];

beforeAll(async () => {
  stack = await startTestStack({ hosts: [], aggregators: 1 });
  nodes = await Promise.all(
    Object.entries(EVENTS).map(([host, events]) =>
      startNode({ url: stack.amqpUrl, prefix: stack.prefix, host, events }),
    ),
  );
  await until('three nodes being known', 30_000, async () =>
    (await stack.status()).instrumenters.length === 3 ? true : undefined,
  );
}, LIMIT_MS);

afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await stack.stop();
}, 60_000);

test(
  'with the man pages alone: from summary to the process and the node, in under ten commands',
  async () => {
    const transcripts: string[] = [];
    const cactl = async (line: string, status = 0): Promise<string> => {
      const printed = await run(CACTL, words(line), {
        env: { CA_HOME: stack.home },
        screen: { columns: 72, rows: 24 },
      });
      expect(printed.transcript).toMatch(/^\$ cactl/);
      expect(printed.status).toBe(status);
      transcripts.push(`$ cactl ${line}\n${printed.out}`);
      return printed.out;
    };
    /** The operator waits: this many seconds are complete, each with reports of all three nodes. */
    const read = (id: number, seconds: number, perSecond: number): Promise<true> =>
      until(
        `${seconds} s of instrumentation ${id}`,
        60_000,
        async () => {
          const path = `/ca/instrumentations/${id}/value/raw?duration=${seconds}`;
          const { value, minreporting } = await stack.get<{
            value: Record<string, [unknown, number][]>;
            minreporting: number;
          }>(path);
          const sum = Object.values(value)
            .flat()
            .reduce((n, [, count]) => n + count, 0);
          return minreporting === 3 && sum === seconds * perSecond ? true : undefined;
        },
        250,
      );

    await cactl('summary');
    await cactl('metrics');
    await cactl(`create disk.physio_ops --by hostname,latency --where 'optype == "write"'`);
    await read(1, 5, 30 + 36 + 30);
    const byNode = await cactl('value 1 --duration 5');
    // db2 has writes of 100 ms and more; the key with most events stands last.
    expect(byNode).toMatch(/db2\n[^]*100ms \|@+ +\d+/);
    await cactl(
      `create fs.logical_ops --by execname,latency --where 'hostname == "db2" && optype == "write" && latency > 10ms'`,
    );
    await read(2, 20, 7);
    const byProcess = await cactl('value 2 --duration 5');
    expect(byProcess).toContain('backup-sync');
    const picture = await cactl('watch 2 --width 29 --height 14');
    expect(picture).toMatch(/1■ backup-sync 71%/);
    await cactl('delete 1 2');

    expect(transcripts.length).toBeLessThan(10);
    const document = documentOf(transcripts);
    if (process.env['CA_WRITE_DOCS'] === '1') writeFileSync(DOCUMENT, document);
    expect(steady(document)).toBe(steady(readFileSync(DOCUMENT, 'utf8')));
  },
  LIMIT_MS,
);

/** Splits a line into words as a shell does, as far as needed here. */
function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

const WORDS = [
  'The first thing to type: is everything there? Three nodes, nothing wrong, nothing being counted.',
  'What can be asked here? The disks’ operations have a latency and a type.',
  'Writes of all nodes, by node and latency. Counting starts in the kernels with the next second.',
  'db2 is it: on the other nodes no write takes longer than a few milliseconds, there some take 100 ms and more.',
  'Disks do not know processes; the file systems above them do. Slow writes on db2, by process and latency.',
  'backup-sync writes slowly all the time; some writes of postgres wait behind it.',
  'The same live: without a width it fills the terminal and moves until q.',
  'Answered. The probes leave the kernels.',
];

function documentOf(transcripts: readonly string[]): string {
  const steps = transcripts.map(
    (transcript, i) => `${WORDS[i] ?? ''}\n\n\`\`\`\n${transcript.trimEnd()}\n\`\`\`\n`,
  );
  return `# An operator's walk

Writes are slow somewhere. Which process causes it, on which of three nodes? This transcript is a test
(tools/cactl/walk.test.ts): every line below is what the commands print. Broker, config service and aggregator are real;
the three nodes are stand-ins that speak the real protocol and count known events.

${steps.join('\n')}`;
}

/** Ports, speeds, ages and times of day differ from run to run, and with them the width of tables. */
function steady(document: string): string {
  return document
    .replace(/127\.0\.0\.1:\d+/g, 'ADDRESS')
    .replace(/\d\d:\d\d:\d\d/g, 'TIME')
    .replace(/\d+(\.\d+)?(ms|s|m|h)( \d+s)?(?= )/g, (found) =>
      /^[15]?[0-9]+(ms|us)$/.test(found) ? found : 'SPAN',
    )
    .replace(/\d+ ms/g, 'SPEED')
    .replace(/\d+ MiB/g, 'MEMORY')
    .replace(/\s+/g, ' ');
}

function root(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}
