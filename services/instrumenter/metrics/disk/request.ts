/*
 * Requests to disks, from issue to the driver until completion: for the descriptions that count
 * them, or their bytes. In: what to count. Out: probes, and the fields of a request.
 */
import { BLOCK_STATUS_NAMES, ERRNO_NAMES } from '../errnos';
import {
  above,
  all,
  any,
  argument,
  bits,
  choose,
  either,
  equal,
  hostname,
  kept,
  lift,
  member,
  minus,
  now,
  processId,
  shiftLeft,
  string,
  unequal,
  type Expression,
} from '../language/expression';
import { tableOfNames } from '../language/names';
import { named, pair, tracepoint, zoneOfCgroup, type Probe, type Step } from '../language/observation';
import { nameWords } from '../language/name-words';
import { SHORT_NAMES } from '../language/words';
import { sinceStart } from '../process';

const name = nameWords('group_leader.comm');
/** 5.11 dropped the queue argument that came before it. */
const request = argument('request');
const DISK_NAME_BYTES = 32;
/** The kernel counts in sectors of 512 bytes, whatever the disk's sector size. */
const SECTOR_SHIFT = 9;

/**
 * The owner of a request. The kernel writes back later what programs have written, in a thread of its own (kworker), but it records
 * their control group where that has the io controller; else the owner is the group of the thread that issues the request. The root
 * group is number 1. Numbers of other hierarchies than the unified one (which is hierarchy 0) mean other groups.
 */
const charged = (path: string): Expression => member(request, `bio.bi_blkg.blkcg.css.cgroup.${path}`);
const ROOT_GROUP = 1;
const running: Expression = { kind: 'cgroup' };
const cgroup = either(
  choose(
    all(equal(charged('root.hierarchy_id'), 0), above(charged('kn.id'), ROOT_GROUP)),
    charged('kn.id'),
    running,
  ),
  running,
);

/** 5.15 gave the queue its disk; the request's own pointer went away in 5.17. */
const diskMember = (path: string): Expression =>
  either(member(request, `q.disk.${path}`), member(request, `rq_disk.${path}`));

/** Network block devices have no hardware, but no other device of this machine below them either. */
const NBD = 43;

/**
 * Only requests to hardware (or a hypervisor): what a stacked device (loop, dm) passes on is a request of
 * the devices below it. Real disks have a parent among the kernel's devices.
 */
const isPhysical = any(
  unequal(either(diskMember('part0.bd_device.parent'), diskMember('part0.__dev.parent'), lift(1)), 0),
  equal(either(diskMember('major'), lift(0)), NBD),
);

/** REQ_OP_* of include/linux/blk_types.h: the lowest 8 bits of the flags. */
export const OPERATIONS = tableOfNames([
  ['read', 0],
  ['write', 1],
  ['flush', 2],
  ['discard', 3],
  ['secure erase', 5],
  ['zone append', 7],
  ['write zeroes', 9],
  ['zone open', 10],
  ['zone close', 11],
  ['zone finish', 12],
  ['zone reset', 13],
  ['driver in', 34],
  ['driver out', 35],
]);

/** For people. */
export const LAYERS = [
  'requests of devices made of others (loop, dm, md): what they pass on to a disk is counted there',
  'NVMe disks with several paths appear as their paths (nvme0c0n1, nvme0c1n1)',
];

export const requestSize = kept('size');
const operation = bits(member(request, 'cmd_flags'), 0xff);
/** Reads, writes and zone appends: a discard moves no data. */
export const movesBytes = any(equal(operation, 0), equal(operation, 1), equal(operation, 7));

type Fields = Extract<Step, { kind: 'count' }>['fields'];

/** Who, on which disk, and what. */
export const REQUESTERS: Fields = {
  hostname,
  zonename: zoneOfCgroup(kept('cgroup')),
  pid: kept('pid'),
  execname: pair(kept('name'), kept('nameEnd'), SHORT_NAMES),
  disk: string(diskMember('disk_name'), DISK_NAME_BYTES),
  optype: named(operation, OPERATIONS),
};

/** The same, and how it went. */
export const REQUESTS: Fields = {
  ...REQUESTERS,
  latency: sinceStart,
  queuetime: kept('queued'),
  size: kept('size'),
  offset: kept('offset'),
  // 5.16 hands over a block status in place of a negative errno.
  errno: [
    named(bits(argument('blk_status_t'), 0xff), BLOCK_STATUS_NAMES),
    named(bits(minus(0, argument(1)), 0xfff), ERRNO_NAMES),
  ],
};

/** `amount`: how much each request counts for which `counts` holds; 1 by default. */
export function requests(
  fields: Fields,
  { amount, counts }: { readonly amount?: Expression; readonly counts?: Expression } = {},
): readonly Probe[] {
  return [
    {
      at: tracepoint('block_rq_issue'),
      steps: [
        {
          kind: 'keep',
          by: request,
          when: all(...(counts === undefined ? [] : [counts]), isPhysical),
          values: {
            start: now,
            // The request was created, then merged, sorted and queued until now. Zero where the disk's statistics are turned off.
            queued: choose(
              equal(member(request, 'start_time_ns'), 0),
              0,
              minus(now, member(request, 'start_time_ns')),
            ),
            // Both have advanced when the request completes.
            size: member(request, '__data_len'),
            offset: shiftLeft(member(request, '__sector'), SECTOR_SHIFT),
            cgroup,
            pid: processId,
            name: name[0],
            nameEnd: name[1],
          },
        },
      ],
    },
    {
      at: tracepoint('block_rq_complete'),
      steps: [
        {
          kind: 'count',
          by: request,
          ...(amount === undefined ? {} : { amount }),
          fields,
        },
      ],
    },
  ];
}
