/*
 * The catalogue as a table for people: docs/catalogue.md. In: the descriptions of metrics.
 * Out: Markdown. main.ts writes it; catalogue.test.ts holds the file against it.
 */
import { metricName } from '../../common/model/metric';
import type { MetricDescription } from '../../services/instrumenter/metrics/language/description';
import { CASES } from '../truth/cases';
import type { Case } from '../truth/case';
import { METRICS } from '../../services/instrumenter/metrics/registry';

const HEAD = `# The catalogue

Made by \`node build/tools/catalogue/main.js\` from the descriptions in \`services/instrumenter/metrics/\`; do not edit.
What works on one machine, and why the rest does not, is printed by \`node build/tools/probes/main.js\`.

- **bpf** names the moments of the kernel's work that are watched (raw tracepoints; samples by the CPU's clock; each thread, at the end of a second;
  beginning and return of the kernel's own functions). It needs Linux 5.8 with type information
  (\`/sys/kernel/btf/vmlinux\`) and root, or CAP_BPF and CAP_PERFMON. In bold: the fields that it knows; \`zonename\`
  needs a cgroup2 file system. A filter by it is exact, also for containers that come and go within a second: an event
  of a cgroup that the program does not know yet is decided by name when the second is read.
  \`psargs\` are the first 80 bytes of the running process's arguments, read at the event; of a process that is not
  running (\`ppsargs\`, \`cpu.runqueue_waits\`, \`tcp.connects\`) they are looked up by its number when the second is read,
  and cannot be filtered by; so is the \`function\` of \`cpu.thread_samples\`. \`cputime\` is the latency without the
  time that the thread was off its CPU.
  Functions are watched by trampolines (fentry, fexit), or kprobes where those are refused; a kernel with neither has no
  \`fs.path_ops\`.
  \`uprobe\`, \`uretprobe\` and \`usdt\` are places in user programs: in each file of the kind that is installed, or that
  a process runs, in containers too (new ones are found within 5 s). Such probes cost a microsecond or more per event. A
  Node.js program is seen when it loads our module: \`deps/README.md\`.
- Of the **others**, \`proc\` needs no rights beyond reading \`/proc\`, \`/sys\` and the cgroups; \`kstat\` is illumos';
  \`zfs\` needs the commands \`zfs\` and \`zpool\`; \`self\` is the instrumenter's own work.
- **dtrace** is illumos' and Oracle's port to Linux; on Linux only where \`CA_SOURCES\` names it.
- A metric without any mark is known to \`synthetic\` alone.

| metric | question that it answers | fields | bpf | others | dtrace | not seen |
| --- | --- | --- | --- | --- | --- | --- |
`;

export function catalogue(): string {
  const rows = [...METRICS].sort((a, b) => (metricName(a) < metricName(b) ? -1 : 1)).map(row);
  return `${HEAD}${rows.join('\n')}\n${elsewhere()}${CHECKED}${CASES.map(checked).join('\n')}\n`;
}

/** Why a module's metrics have no source on Linux. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  apache:
    'the server has no probes of its own on Linux; `http.requests` has its requests, and those of nginx',
  ldapjs: 'probes of a product that is no longer made',
  mantaop: 'probes of Manta, an object store of illumos machines',
  moray: 'probes of Moray, the key-value store of Manta',
  node: 'its probes went with Node.js 19; `tcp.lifetimes` has their bytes',
  restify:
    'probes of a version of restify that loads DTrace; `node.httpd_ops` has the routes of others, `http.requests` the paths',
  vm: 'of illumos’ virtual machines',
};

function elsewhere(): string {
  const here = (d: MetricDescription): boolean =>
    ['bpf', 'proc', 'zfs', 'self'].some((source) => source in d);
  const others = METRICS.filter((d) => !here(d));
  const reasons = [...new Set(others.map(({ module }) => module))].map((module) => {
    const reason = ELSEWHERE[module];
    if (reason === undefined) throw new Error(`it is to be said why ${module} has no source on Linux`);
    const all = others.filter((d) => d.module === module);
    return `| ${reason} | ${all.map((d) => `\`${metricName(d)}\``).join(', ')} |`;
  });
  return `
## What does not run on Linux

Of the 77 metrics of the original ${77 - others.length} run on Linux. The others:

| why | metrics |
| --- | --- |
${reasons.join('\n')}
`;
}

/** Sources for which only the presence of a part is shown. */
const OTHERS = ['proc', 'kstat', 'zfs', 'self'];

const CHECKED = `
## How it is checked

\`make truth\` runs a workload of known size against each of these on the machine at hand, and prints what the metric counted beside
what its witness says; one that is further off than this ends it non-zero. CI runs a short form.

| checked metric | witness | may be off by |
| --- | --- | --- |
`;

function checked({ metric, witness, tolerance }: Case): string {
  return `| ${metric} | ${witness} | ${tolerance === 0 ? 'nothing' : `${Math.round(100 * tolerance)} %`} |`;
}

function row(metric: MetricDescription): string {
  const name = metricName(metric);
  const byBpf = new Set(fieldsOfBpf(metric));
  const fields = metric.fields.map((field) => (byBpf.has(field) ? `**${field}**` : field));
  const systems = Object.keys(metric.dtrace ?? {}).sort();
  const cells = [
    `\`${name}\``,
    metric.question,
    fields.join(', '),
    [...new Set(metric.bpf?.probes.map((probe) => probe.at.name))].map((at) => `\`${at}\``).join(', '),
    OTHERS.filter((source) => source in metric).join(', '),
    systems.join(', '),
    (metric.misses ?? []).join('; '),
  ];
  return `| ${cells.map(escaped).join(' | ')} |`;
}

/** A field is available if each counting step has it. */
function fieldsOfBpf(metric: MetricDescription): string[] {
  const counts = (metric.bpf?.probes ?? []).flatMap((probe) =>
    probe.steps.filter((step) => step.kind === 'count'),
  );
  if (counts.length === 0) return [];
  return metric.fields.filter((field) => counts.every((step) => Object.hasOwn(step.fields, field)));
}

function escaped(cell: string): string {
  return cell.replace(/\|/g, '\\|');
}
