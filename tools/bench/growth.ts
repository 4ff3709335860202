/*
 * Measurement 7: cost and delay by the number of nodes and instrumentations. In: a running stack without nodes of its
 * own. Out: results for each size: CPU of the aggregators, the broker and the config service, memory, how long after
 * its end a second is complete, and how many seconds stay incomplete.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../common/service/errors';
import type { TestStack } from '../testing/test-stack';
import type { Budget } from './budget';
import { explain } from './incomplete';
import { allReport, METRIC, startNodes, type Around, type Nodes } from './nodes';
import { result, unmeasured, type Result, type Target } from './result';
import { cpuMsOf, quantiles, rssMbOf } from './timing';

export interface Size {
  readonly nodes: number;
  readonly instrumentations: number;
  readonly seconds: number;
  /** This size must keep up: it has targets of the project. */
  readonly judged?: boolean;
}

export interface Run {
  readonly budget: Budget;
  readonly say: (line: string) => void;
  readonly add: (results: readonly Result[]) => void;
}

/** Instrumentations whose seconds are checked; the others carry the same load. */
const WATCHED = 10;
/** Number of probes enabled at a time on all nodes together. */
const BATCH = 20_000;
/** Time limit for a second to become complete. */
const LONGEST_WAIT_MS = 5000;
/** Time for the end; for the start, besides about a millisecond a node; the limit of the start. */
const END_MS = 15_000;
const MARGIN_MS = 8000;
const BRING_UP_MS = 60_000;

/**
 * Adds the results of each size as they are measured. Sizes for which no time is left are reported, not measured; those
 * with targets go first.
 */
export async function measureGrowth(around: Around, sizes: readonly Size[], run: Run): Promise<void> {
  for (let i = 0; i < sizes.length;) {
    const nodes = sizes[i]?.nodes ?? 0;
    const same = sizes.slice(i).findIndex((size) => size.nodes !== nodes);
    const these = sizes.slice(i, same < 0 ? undefined : i + same);
    i += these.length;
    const left = new Set(these);
    try {
      need(run.budget, reservedBy(these[0], sizes));
      const fleet = await run.budget.within(run.budget.left - END_MS, () => startNodes(around, nodes));
      try {
        for (const size of these) {
          left.delete(size);
          await measureSize(around, size, fleet, reservedBy(size, sizes), run);
        }
      } finally {
        await fleet.stop();
      }
    } catch (error) {
      // The fleet did not start, or did not end.
      run.say(messageOf(error));
      for (const size of left) giveUp(size, run, messageOf(error));
    }
  }
}

function need(budget: Budget, ms: number): void {
  if (budget.left < END_MS + ms) throw new Error('no time was left');
}

/** Time for a size, and for those with targets after it. */
function reservedBy(size: Size | undefined, sizes: readonly Size[]): number {
  if (size === undefined) return 0;
  const after = sizes.slice(sizes.indexOf(size) + 1).filter(({ judged }) => judged === true);
  return [size, ...after].reduce((ms, { nodes, seconds }) => ms + MARGIN_MS + 1000 * seconds + nodes, 0);
}

function giveUp(size: Size, run: Run, reason: string): void {
  const id = `growth.${size.nodes}x${size.instrumentations}`;
  run.add([unmeasured(id, `${size.nodes} nodes × ${size.instrumentations} instrumentations`, reason)]);
}

/** A size that cannot be started is a result, too. */
async function measureSize(
  around: Around,
  size: Size,
  fleet: Nodes,
  reservedMs: number,
  run: Run,
): Promise<void> {
  const { budget, say, add } = run;
  const uris: string[] = [];
  try {
    need(budget, reservedMs);
    say(`${size.nodes} nodes × ${size.instrumentations} instrumentations for ${size.seconds} s …`);
    const limit = Math.min(budget.left - END_MS, 1000 * size.seconds + BRING_UP_MS);
    const results = await budget.within(limit, async () => {
      await ask(around.stack, size, uris);
      return measureRunning(around, size, fleet, uris, say);
    });
    add(results);
  } catch (error) {
    say(messageOf(error));
    giveUp(size, run, messageOf(error));
  } finally {
    await Promise.all(uris.splice(0).map(async (uri) => around.stack.ask('DELETE', uri)));
  }
}

/** A few at a time, so that the load after enabling is measured, not enabling. */
async function ask(stack: TestStack, { nodes, instrumentations }: Size, uris: string[]): Promise<void> {
  const [module, stat] = METRIC.split('.');
  const batch = Math.max(1, Math.floor(BATCH / nodes));
  while (uris.length < instrumentations) {
    const { status, body } = await stack.ask('POST', '/ca/instrumentations', {
      module,
      stat,
      decomposition: ['latency'],
    });
    if (status !== 201) throw new Error(`create: ${status} ${JSON.stringify(body)}`);
    const { uri } = body as { uri: string };
    uris.push(uri);
    if (uris.length % batch === 0 || uris.length === instrumentations) await allReport(stack, uri, nodes);
  }
  await Promise.all(uris.slice(0, WATCHED).map((uri) => allReport(stack, uri, nodes)));
}

async function measureRunning(
  { stack, broker }: Around,
  { nodes, instrumentations, seconds, judged }: Size,
  fleet: Nodes,
  uris: readonly string[],
  say: Run['say'],
): Promise<Result[]> {
  const processes = {
    aggregators: stack.aggregators.map(({ pid }) => pid),
    broker: [broker.pid],
    config: [stack.config.pid],
    fleet: [fleet.pid],
  };
  const cpu = (): Record<string, number> =>
    Object.fromEntries(
      Object.entries(processes).map(([name, pids]) => [name, pids.reduce((ms, pid) => ms + cpuMsOf(pid), 0)]),
    );
  const before = cpu();
  const began = Date.now();
  const first = Math.floor(began / 1000) + 1;
  const watched = uris.slice(0, WATCHED);
  let own = 0;
  const incomplete = async (uri: string, second: number): Promise<void> => {
    const fqid = `global;${uri.slice(uri.lastIndexOf('/') + 1)}`;
    const { text, ofLoadGenerator } = await explain(stack, fleet, fqid, second, LONGEST_WAIT_MS);
    if (ofLoadGenerator) own++;
    say(`${fqid}: ${text}`);
  };
  const lateness = (
    await Promise.all(watched.map((uri) => watch(stack, uri, first, seconds, nodes, incomplete)))
  ).flat();
  const after = cpu();
  const wall = Date.now() - began;
  const share = (name: string): number => (100 * ((after[name] ?? 0) - (before[name] ?? 0))) / wall;
  const memory = processes.aggregators.reduce((mb, pid) => mb + rssMbOf(pid), 0);
  return describe(
    { nodes, instrumentations, seconds, judged: judged ?? false },
    {
      lateness: lateness.filter((ms) => ms !== undefined),
      incomplete: lateness.filter((ms) => ms === undefined).length,
      own,
      aggregators: share('aggregators'),
      others: `broker ${share('broker').toFixed(0)} %, config ${share('config').toFixed(0)} %, fleet ${share('fleet').toFixed(0)} %`,
      memory,
    },
  );
}

/** The time in ms from the end of each second until it was complete; undefined: not within the longest wait. */
async function watch(
  stack: TestStack,
  uri: string,
  first: number,
  seconds: number,
  nodes: number,
  incomplete: (uri: string, second: number) => Promise<void>,
): Promise<(number | undefined)[]> {
  return Promise.all(
    Array.from({ length: seconds }, async (_, i) => {
      const second = first + i;
      await pause(1000 * (second + 1) - Date.now());
      const { status, body } = await stack.ask(
        'GET',
        `${uri}/value/raw?start_time=${second}&duration=1&timeout=${LONGEST_WAIT_MS}`,
      );
      // No answer at all (no aggregator owns it at the moment) is not a complete second either.
      if (status !== 200 || (body as { minreporting: number }).minreporting < nodes) {
        await incomplete(uri, second);
        return undefined;
      }
      return Date.now() - 1000 * (second + 1);
    }),
  );
}

interface Observed {
  readonly lateness: readonly (number | undefined)[];
  readonly incomplete: number;
  /** Of these, those whose messages the load generator sent too late. */
  readonly own: number;
  readonly aggregators: number;
  readonly others: string;
  readonly memory: number;
}

function describe({ nodes, instrumentations, seconds, judged = false }: Size, o: Observed): Result[] {
  const id = `growth.${nodes}x${instrumentations}`;
  const what = `${nodes} nodes × ${instrumentations} instrumentations, ${seconds} s`;
  const atMost = (bound: number): readonly Target[] => (judged ? [{ of: 'value', atMost: bound }] : []);
  const { p99 } = quantiles(o.lateness.filter((ms) => ms !== undefined));
  return [
    result({
      id: `${id}.late`,
      what: `${what}: complete after, p99`,
      value: p99 / 1000,
      unit: 's',
      targets: atMost(1.5),
    }),
    result({
      id: `${id}.incomplete`,
      what: `${what}: incomplete seconds${o.own === 0 ? '' : ` (${o.own} of them the load generator’s own)`}`,
      value: o.incomplete,
      unit: '',
      targets: atMost(0),
    }),
    result({
      id: `${id}.cpu`,
      what: `${what}: all aggregators (${o.others})`,
      value: o.aggregators,
      unit: '% of a core',
      targets: atMost(60),
    }),
    result({ id: `${id}.memory`, what: `${what}: all aggregators, resident`, value: o.memory, unit: 'MB' }),
  ];
}
