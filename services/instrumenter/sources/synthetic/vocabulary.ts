/*
 * Texts of synthetic events. In: the name of a discrete field. Out: the texts it may have, commonest first.
 * Fields that are not here have ten numbered ones: execname1, execname2, …
 */
type Texts = readonly [string, ...string[]];

const APPLICATIONS: Texts = ['postgres', 'nginx', 'node', 'redis-server', 'java', 'python3', 'sshd', 'cron'];
const REMOTES: Texts = ['10.0.0.11', '10.0.0.12', '10.0.0.13', '10.0.1.21', '2001:db8::5'];

const VOCABULARY: Readonly<Record<string, Texts>> = {
  execname: APPLICATIONS,
  pexecname: ['systemd', 'bash', 'sshd', 'cron'],
  psargs: [
    'postgres: writer',
    'nginx: worker process',
    'node server.js',
    'redis-server *:6379',
    'java -jar app.jar',
  ],
  ppsargs: ['/sbin/init', '-bash', 'sshd: root@pts/0'],
  pid: ['1201', '1202', '1310', '1405', '1406', '1407', '2210', '2388', '3001', '4111'],
  ppid: ['1', '1200', '1404', '2200'],
  zonename: ['global', 'web', 'database', 'cache', 'batch'],
  syscall: ['read', 'write', 'futex', 'epoll_wait', 'openat', 'close', 'recvfrom', 'sendto', 'fsync', 'stat'],
  errno: ['none', 'EAGAIN', 'ENOENT', 'EINTR'],
  disk: ['sda', 'sdb', 'nvme0n1'],
  optype: ['read', 'write'],
  nic: ['eth0', 'eth1'],
  direction: ['received', 'sent'],
  cpu: ['0', '1', '2', '3'],
  cpumode: ['user', 'kernel'],
  fstype: ['ext4', 'xfs', 'tmpfs'],
  leavereason: ['sleeping', 'runnable', 'waiting for I/O', 'exited'],
  raddr: REMOTES,
  rport: ['5432', '80', '443', '6379'],
  lport: ['80', '443', '8080'],
  errtype: ['retransmitted segment', 'failed connection attempt', 'duplicate ACK'],
  http_method: ['GET', 'POST', 'PUT', 'DELETE'],
  http_status: ['200', '304', '404', '500'],
  http_path: ['/', '/search', '/cart', '/login', '/favicon.ico'],
  http_url: ['/', '/search?q=slow', '/cart', '/login', '/favicon.ico'],
  querysubstr: ['SELECT * FROM orders WHERE id = …', 'UPDATE stock SET …', 'COMMIT', 'INSERT INTO events …'],
  statement: ['select', 'insert', 'update', 'delete'],
  gctype: ['scavenge', 'mark and sweep'],
  irqvector: ['virtio0-input', 'virtio0-output', 'nvme0q1', 'timer'],
};

const numbered = new Map<string, Texts>();

export function textsOf(field: string): Texts {
  const known = Object.hasOwn(VOCABULARY, field) ? VOCABULARY[field] : numbered.get(field);
  if (known !== undefined) return known;
  const texts = Array.from({ length: 10 }, (_, i) => `${field}${i + 1}`) as unknown as Texts;
  numbered.set(field, texts);
  return texts;
}
