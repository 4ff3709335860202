/* The kernels that are tried: what Debian's releases run. */
export type DebianArchitecture = 'amd64' | 'arm64';

export interface KernelChoice {
  /** As `KERNEL=` names it. */
  readonly name: string;
  readonly architecture: DebianArchitecture;
  /** Where its package comes from; the newest kernel of these is taken. */
  readonly suites: readonly string[];
}

export const KERNELS: readonly KernelChoice[] = [
  { name: '5.10', architecture: 'amd64', suites: ['bullseye', 'bullseye-security'] },
  { name: '6.1', architecture: 'amd64', suites: ['bookworm', 'bookworm-security'] },
  { name: '6.12', architecture: 'amd64', suites: ['trixie', 'trixie-security'] },
  { name: 'newest', architecture: 'amd64', suites: ['trixie-backports'] },
  { name: '5.10-arm64', architecture: 'arm64', suites: ['bullseye'] },
  { name: '6.12-arm64', architecture: 'arm64', suites: ['trixie', 'trixie-security'] },
];

const DAY_MS = 24 * 60 * 60 * 1000;

/** What one release of Debian runs, and another kernel each day. */
export function shortChoice(now: Date): readonly KernelChoice[] {
  const others = KERNELS.filter(({ name, architecture }) => name !== '6.1' && architecture === 'amd64');
  const other = others[Math.floor(now.getTime() / DAY_MS) % others.length];
  return KERNELS.filter((kernel) => kernel.name === '6.1' || kernel === other);
}
