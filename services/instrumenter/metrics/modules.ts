/* The modules that metrics belong to, with their labels. Data only. */

export const MODULES = {
  apache: { label: 'Apache' },
  ca: { label: 'CA' },
  cpu: { label: 'CPU' },
  disk: { label: 'Disk' },
  dns: { label: 'DNS' },
  fs: { label: 'Filesystem' },
  http: { label: 'HTTP' },
  java: { label: 'Java' },
  ldapjs: { label: 'ldapjs' },
  lock: { label: 'Locks' },
  mantaop: { label: 'Manta (operator)' },
  memory: { label: 'Memory' },
  moray: { label: 'Moray' },
  mysql: { label: 'MySQL' },
  nic: { label: 'Network interface' },
  node: { label: 'Node.js' },
  postgres: { label: 'Postgres' },
  python: { label: 'Python' },
  restify: { label: 'Restify' },
  syscall: { label: 'System calls' },
  tcp: { label: 'TCP' },
  unix: { label: 'OS' },
  vm: { label: 'Virtual Machine' },
  zfs: { label: 'ZFS' },
} as const satisfies Record<string, { label: string }>;

export type ModuleName = keyof typeof MODULES;
