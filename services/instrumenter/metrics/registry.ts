/*
 * The list of all metrics, written out: what is not here does not exist. In: descriptions. Out: lookup by name,
 * and the metadata (modules, fields, metrics) that a node sends in its hello.
 */
import { metricName, type Metadata, type Metric, type MetricName } from '../../../common/metric';
import { publicPart, type MetricDescription } from './description';
import { FIELDS, type FieldName } from './fields';
import { MODULES, type ModuleName } from './modules';
import { apacheHttpdOps } from './apache/httpd_ops';
import { instrBeops } from './ca/instr_beops';
import { instrDisables } from './ca/instr_disables';
import { instrEnables } from './ca/instr_enables';
import { instrTicks } from './ca/instr_ticks';
import { cpus } from './cpu/cpus';
import { cpuIrqs } from './cpu/irqs';
import { loadavg1 } from './cpu/loadavg1';
import { runqueueWaits } from './cpu/runqueue_waits';
import { softirqs } from './cpu/softirqs';
import { threadExecutions } from './cpu/thread_executions';
import { threadSamples } from './cpu/thread_samples';
import { usage } from './cpu/usage';
import { waittime } from './cpu/waittime';
import { disks } from './disk/disks';
import { physioBytes } from './disk/physio_bytes';
import { physioOps } from './disk/physio_ops';
import { dnsLookups } from './dns/lookups';
import { capacity } from './fs/capacity';
import { logicalOps } from './fs/logical_ops';
import { logicalRwbytes } from './fs/logical_rwbytes';
import { logicalRwops } from './fs/logical_rwops';
import { pathOps } from './fs/path_ops';
import { syncs } from './fs/syncs';
import { javaGcOps } from './java/gc_ops';
import { ldapjsConnections } from './ldapjs/connections';
import { ldapjsOps } from './ldapjs/ops';
import { searchOps } from './ldapjs/search_ops';
import { jobsAssigned } from './mantaop/jobs_assigned';
import { supervisorAuths } from './mantaop/supervisor_auths';
import { supervisorDeletes } from './mantaop/supervisor_deletes';
import { supervisorErrors } from './mantaop/supervisor_errors';
import { supervisorLocates } from './mantaop/supervisor_locates';
import { tasksCommitted } from './mantaop/tasks_committed';
import { tasksDispatched } from './mantaop/tasks_dispatched';
import { tasksExecuted } from './mantaop/tasks_executed';
import { tasksKilled } from './mantaop/tasks_killed';
import { zoneResets } from './mantaop/zone_resets';
import { oomKills } from './memory/oom_kills';
import { pageFaults } from './memory/page_faults';
import { pageins } from './memory/pageins';
import { pressure } from './memory/pressure';
import { reclaimedBytes } from './memory/reclaimed_bytes';
import { reclaims } from './memory/reclaims';
import { rss } from './memory/rss';
import { rssLimit } from './memory/rss_limit';
import { swap } from './memory/swap';
import { swapLimit } from './memory/swap_limit';
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
import { vnicBytes } from './nic/vnic_bytes';
import { vnicPackets } from './nic/vnic_packets';
import { gcOps } from './node/gc_ops';
import { httpcOps } from './node/httpc_ops';
import { httpdOps } from './node/httpd_ops';
import { socketOps } from './node/socket_ops';
import { postgresQueries } from './postgres/queries';
import { pythonFunctions } from './python/functions';
import { handlerOps } from './restify/handler_ops';
import { serverOps } from './restify/server_ops';
import { syscalls } from './syscall/syscalls';
import { accepts } from './tcp/accepts';
import { connects } from './tcp/connects';
import { errors } from './tcp/errors';
import { lifetimes } from './tcp/lifetimes';
import { retransmits } from './tcp/retransmits';
import { segments } from './tcp/segments';
import { procExecs } from './unix/proc_execs';
import { procExits } from './unix/proc_exits';
import { procForks } from './unix/proc_forks';
import { processes } from './unix/processes';
import { signals } from './unix/signals';
import { threadCreates } from './unix/thr_creates';
import { exits } from './vm/exits';
import { irqs } from './vm/irqs';
import { vmPhysioBytes } from './vm/physio_bytes';
import { vmPhysioOps } from './vm/physio_ops';
import { vmThreadSamples } from './vm/thread_samples';
import { arcOps } from './zfs/arc_ops';
import { datasetQuota } from './zfs/dataset_quota';
import { datasetUnusedQuota } from './zfs/dataset_unused_quota';
import { datasetUsed } from './zfs/dataset_used';
import { poolFree } from './zfs/pool_free';
import { poolTotal } from './zfs/pool_total';
import { poolUsed } from './zfs/pool_used';

export const METRICS: readonly MetricDescription[] = [
  apacheHttpdOps,
  instrBeops,
  instrDisables,
  instrEnables,
  instrTicks,
  cpus,
  cpuIrqs,
  loadavg1,
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
  javaGcOps,
  ldapjsConnections,
  ldapjsOps,
  searchOps,
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

/** Metadata of these metrics alone: each metric with the fields that can be had here, and what they refer to. */
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
