/*
 * Three boards for the first visit. In: what this fleet offers. Out: boards that ask for nothing else; a picture that has
 * several ways to be asked takes the first that there is.
 */
import { USUAL_VARIABLES, type Board, type BoardPanel } from '../../../../common/model/board.ts';
import type { Catalogue } from '../model/answers.ts';
import { questionFor } from './board-model.ts';

export interface Starter {
  readonly id: string;
  readonly about: string;
  readonly board: Board;
  /** Pictures that this fleet cannot give. */
  readonly missing: number;
}

type Way = readonly [metric: string, by: string, looks?: Partial<BoardPanel>];

const ALL = { mode: 'all' } as const;

const STARTERS: readonly {
  readonly id: string;
  readonly name: string;
  readonly about: string;
  readonly pictures: readonly (readonly [title: string, ...ways: readonly Way[]])[];
}[] = [
  {
    id: 'health',
    name: 'Machine health',
    about: 'How busy CPUs, memory, disks and the network are, and who waits.',
    pictures: [
      ['CPU use', ['cpu.usage', 'cpumode'], ['cpu.cpus', 'utilization']],
      ['CPUs, one by one', ['cpu.cpus', 'utilization']],
      ['Waiting for a CPU', ['cpu.runqueue_waits', 'execname,latency', ALL], ['cpu.waittime', 'execname']],
      ['Memory in use', ['memory.rss', 'zonename'], ['memory.rss', '']],
      ['Waiting for memory', ['memory.pressure', 'stalled'], ['memory.reclaims', 'execname,latency', ALL]],
      ['Disk operations', ['disk.physio_ops', 'disk,latency', ALL], ['disk.disks', 'busytime']],
      ['Network', ['nic.bytes', 'direction'], ['nic.nics', 'bytes']],
    ],
  },
  {
    id: 'slow',
    name: 'Slow requests',
    about: 'Where time goes: calls, files, names, connections, queries.',
    pictures: [
      ['System calls', ['syscall.syscalls', 'syscall,latency']],
      ['Files', ['fs.logical_ops', 'execname,latency', ALL]],
      ['Name lookups', ['dns.lookups', 'name,latency']],
      ['Connections', ['tcp.connects', 'execname,latency', ALL]],
      ['PostgreSQL queries', ['postgres.queries', 'querynormal,latency']],
      ['HTTP requests', ['node.httpd_ops', 'http_route,latency'], ['node.httpd_ops', 'latency']],
      ['Waiting for a CPU', ['cpu.runqueue_waits', 'execname,latency', ALL]],
    ],
  },
  {
    id: 'storage',
    name: 'Storage',
    about: 'From the program’s call down to the device.',
    pictures: [
      ['Syncs', ['fs.syncs', 'execname,latency', ALL]],
      [
        'Reads and writes',
        ['fs.logical_rwops', 'execname,latency', ALL],
        ['fs.logical_ops', 'optype,latency'],
      ],
      ['Bytes by program', ['fs.logical_rwbytes', 'execname'], ['disk.physio_bytes', 'execname']],
      ['Device latency', ['disk.physio_ops', 'optype,latency', ALL], ['disk.disks', 'busytime']],
      ['Request size', ['disk.physio_ops', 'disk,size'], ['disk.disks', 'bytes']],
      ['Waiting in the queue', ['disk.physio_ops', 'disk,queuetime']],
      ['Space', ['fs.capacity', 'mountpoint']],
    ],
  },
];

export function startersFor(catalogue: Catalogue): readonly Starter[] {
  return STARTERS.map(({ id, name, about, pictures }) => {
    const panels = pictures.flatMap(([title, ...ways]) => {
      const found = ways
        .map((way) => panelFor(title, way))
        .find((panel) => questionFor(panel, new Map(), catalogue) !== undefined);
      return found === undefined ? [] : [found];
    });
    const board = { name, variables: USUAL_VARIABLES, panels };
    return { id, about, board, missing: pictures.length - panels.length };
  }).filter(({ board }) => board.panels.length > 0);
}

function panelFor(title: string, [metric, by, looks = {}]: Way): BoardPanel {
  const [module = '', stat = ''] = metric.split('.');
  const decomposition = by === '' ? [] : by.split(',');
  return { ...looks, module, stat, decomposition, predicate: {}, granularity: 1, title };
}
