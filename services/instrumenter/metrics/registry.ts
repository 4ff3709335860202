/*
 * The list of all metrics; a metric that is not here does not exist. In: descriptions. Out: lookup by name,
 * and the metadata (modules, fields, metrics) that a node sends in its hello.
 */
import { metricName, type Metadata, type Metric, type MetricName } from '../../../common/model/metric';
import { publicPart, type MetricDescription } from './language/description';
import { FIELDS, type FieldName } from './language/fields';
import { MODULES, type ModuleName } from './modules';
import { apacheHttpdOps } from './apache/httpd-ops';
import { instrBeops } from './ca/instr-beops';
import { instrDisables } from './ca/instr-disables';
import { instrEnables } from './ca/instr-enables';
import { instrTicks } from './ca/instr-ticks';
import { cpus } from './cpu/cpus';
import { cpuIrqs } from './cpu/irqs';
import { loadavg1 } from './cpu/loadavg1';
import { offcpuWaits } from './cpu/offcpu-waits';
import { runqueueWaits } from './cpu/runqueue-waits';
import { softirqs } from './cpu/softirqs';
import { threadExecutions } from './cpu/thread-executions';
import { threadSamples } from './cpu/thread-samples';
import { usage } from './cpu/usage';
import { waittime } from './cpu/waittime';
import { disks } from './disk/disks';
import { physioBytes } from './disk/physio-bytes';
import { physioOps } from './disk/physio-ops';
import { dnsLookups } from './dns/lookups';
import { capacity } from './fs/capacity';
import { logicalOps } from './fs/logical-ops';
import { logicalRwbytes } from './fs/logical-rwbytes';
import { logicalRwops } from './fs/logical-rwops';
import { pathOps } from './fs/path-ops';
import { syncs } from './fs/syncs';
import { httpRequests } from './http/requests';
import { javaGcOps } from './java/gc-ops';
import { ldapjsConnections } from './ldapjs/connections';
import { ldapjsOps } from './ldapjs/ops';
import { searchOps } from './ldapjs/search-ops';
import { jobsAssigned } from './mantaop/jobs-assigned';
import { lockWaits } from './lock/waits';
import { supervisorAuths } from './mantaop/supervisor-auths';
import { supervisorDeletes } from './mantaop/supervisor-deletes';
import { supervisorErrors } from './mantaop/supervisor-errors';
import { supervisorLocates } from './mantaop/supervisor-locates';
import { tasksCommitted } from './mantaop/tasks-committed';
import { tasksDispatched } from './mantaop/tasks-dispatched';
import { tasksExecuted } from './mantaop/tasks-executed';
import { tasksKilled } from './mantaop/tasks-killed';
import { zoneResets } from './mantaop/zone-resets';
import { oomKills } from './memory/oom-kills';
import { pageFaults } from './memory/page-faults';
import { pageins } from './memory/pageins';
import { pressure } from './memory/pressure';
import { reclaimedBytes } from './memory/reclaimed-bytes';
import { reclaims } from './memory/reclaims';
import { rss } from './memory/rss';
import { rssLimit } from './memory/rss-limit';
import { swap } from './memory/swap';
import { swapLimit } from './memory/swap-limit';
import { morayOps } from './moray/ops';
import { morayQueries } from './moray/queries';
import { mysqlCommands } from './mysql/commands';
import { mysqlConnections } from './mysql/connections';
import { mysqlFilesort } from './mysql/filesort';
import { mysqlQueries } from './mysql/queries';
import { mysqlStatements } from './mysql/statements';
import { bytes } from './nic/bytes';
import { nics } from './nic/nics';
import { packets } from './nic/packets';
import { vnicBytes } from './nic/vnic-bytes';
import { vnicPackets } from './nic/vnic-packets';
import { gcOps } from './node/gc-ops';
import { httpcOps } from './node/httpc-ops';
import { httpdOps } from './node/httpd-ops';
import { socketOps } from './node/socket-ops';
import { postgresQueries } from './postgres/queries';
import { pythonFunctions } from './python/functions';
import { handlerOps } from './restify/handler-ops';
import { serverOps } from './restify/server-ops';
import { inflight } from './syscall/inflight';
import { syscalls } from './syscall/syscalls';
import { accepts } from './tcp/accepts';
import { connects } from './tcp/connects';
import { errors } from './tcp/errors';
import { lifetimes } from './tcp/lifetimes';
import { retransmits } from './tcp/retransmits';
import { segments } from './tcp/segments';
import { procExecs } from './unix/proc-execs';
import { procExits } from './unix/proc-exits';
import { procForks } from './unix/proc-forks';
import { processes } from './unix/processes';
import { signals } from './unix/signals';
import { threadCreates } from './unix/thr-creates';
import { exits } from './vm/exits';
import { irqs } from './vm/irqs';
import { vmPhysioBytes } from './vm/physio-bytes';
import { vmPhysioOps } from './vm/physio-ops';
import { vmThreadSamples } from './vm/thread-samples';
import { arcOps } from './zfs/arc-ops';
import { datasetQuota } from './zfs/dataset-quota';
import { datasetUnusedQuota } from './zfs/dataset-unused-quota';
import { datasetUsed } from './zfs/dataset-used';
import { poolFree } from './zfs/pool-free';
import { poolTotal } from './zfs/pool-total';
import { poolUsed } from './zfs/pool-used';

export const METRICS: readonly MetricDescription[] = [
  apacheHttpdOps,
  instrBeops,
  instrDisables,
  instrEnables,
  instrTicks,
  cpus,
  cpuIrqs,
  loadavg1,
  offcpuWaits,
  runqueueWaits,
  softirqs,
  threadExecutions,
  threadSamples,
  usage,
  waittime,
  disks,
  physioBytes,
  physioOps,
  dnsLookups,
  capacity,
  logicalOps,
  logicalRwbytes,
  logicalRwops,
  pathOps,
  syncs,
  httpRequests,
  javaGcOps,
  ldapjsConnections,
  ldapjsOps,
  searchOps,
  lockWaits,
  jobsAssigned,
  supervisorAuths,
  supervisorDeletes,
  supervisorErrors,
  supervisorLocates,
  tasksCommitted,
  tasksDispatched,
  tasksExecuted,
  tasksKilled,
  zoneResets,
  oomKills,
  pageFaults,
  pageins,
  pressure,
  reclaimedBytes,
  reclaims,
  rss,
  rssLimit,
  swap,
  swapLimit,
  morayOps,
  morayQueries,
  mysqlCommands,
  mysqlConnections,
  mysqlFilesort,
  mysqlQueries,
  mysqlStatements,
  bytes,
  nics,
  packets,
  vnicBytes,
  vnicPackets,
  gcOps,
  httpcOps,
  httpdOps,
  socketOps,
  postgresQueries,
  pythonFunctions,
  handlerOps,
  serverOps,
  inflight,
  syscalls,
  accepts,
  connects,
  errors,
  lifetimes,
  retransmits,
  segments,
  procExecs,
  procExits,
  procForks,
  processes,
  signals,
  threadCreates,
  exits,
  irqs,
  vmPhysioBytes,
  vmPhysioOps,
  vmThreadSamples,
  arcOps,
  datasetQuota,
  datasetUnusedQuota,
  datasetUsed,
  poolFree,
  poolTotal,
  poolUsed,
];

const byName = new Map<MetricName, MetricDescription>(METRICS.map((m) => [metricName(m), m]));

/** The description of "disk.physio_ops"; undefined when there is no such metric. */
export function describe(name: MetricName): MetricDescription | undefined {
  return byName.get(name);
}

/** Metadata of these metrics only: each metric with the fields available here, and what they refer to. */
export function metadataOf(metrics: readonly Metric[]): Metadata {
  const modules = new Set(metrics.map((m) => m.module as ModuleName));
  const fields = new Set(metrics.flatMap((m) => m.fields as readonly FieldName[]));
  return {
    modules: Object.fromEntries([...modules].map((name) => [name, MODULES[name]])),
    fields: Object.fromEntries([...fields].map((name) => [name, FIELDS[name]])),
    metrics,
  };
}

/** The public part of one metric, with only the given fields. */
export function publicMetric(d: MetricDescription, fields: readonly string[] = d.fields): Metric {
  return { ...publicPart(d), fields: d.fields.filter((field) => fields.includes(field)) };
}
