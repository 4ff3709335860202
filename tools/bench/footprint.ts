/*
 * Memory of an instrumenter, idle and with 20 instrumentations. In: a running stack whose first node has the bpf
 * source. Out: results, compared with the resident memory of one bpftrace with one question.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { TestStack } from '../testing/test-stack';
import { bpftraceWorks, withBpftrace } from './bpftrace';
import { result, type Result } from './result';
import { rssMbOf } from './timing';

const INSTRUMENTATIONS = 20;
const QUESTION = 'tracepoint:raw_syscalls:sys_exit { @[comm] = count(); }';
/** Long enough to fill the buffers. */
const RUN_MS = 4000;

export async function measureFootprint(stack: TestStack): Promise<Result[]> {
  const pid = stack.instrumenters[0]?.pid ?? 0;
  const idle = rssMbOf(pid);
  const decompositions = [['latency'], ['execname', 'latency'], ['syscall'], ['execname'], []];
  const uris: string[] = [];
  for (let i = 0; i < INSTRUMENTATIONS; i++) {
    const decomposition = decompositions[i % decompositions.length];
    uris.push(await stack.create({ module: 'syscall', stat: 'syscalls', decomposition }));
  }
  await pause(RUN_MS);
  const busy = rssMbOf(pid);
  for (const uri of uris) await stack.ask('DELETE', uri);
  const reference = bpftraceWorks()
    ? {
        what: 'one bpftrace with one question',
        value: await withBpftrace(QUESTION, (pid) => Promise.resolve(rssMbOf(pid))),
      }
    : undefined;
  return [
    result({
      id: 'rss.idle',
      what: 'instrumenter, idle: resident memory',
      value: idle,
      unit: 'MB',
      reference,
      targets: [{ of: 'value', atMost: 60 }],
    }),
    result({
      id: 'rss.busy',
      what: `instrumenter with ${INSTRUMENTATIONS} instrumentations of all system calls`,
      value: busy,
      unit: 'MB',
      reference,
      targets: [{ of: 'value', atMost: 120 }],
    }),
  ];
}
