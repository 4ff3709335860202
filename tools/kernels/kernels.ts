/* The kernels that are tried: what Debian's releases run. */
export interface KernelChoice {
  readonly name: string;
  /** Where its package comes from, and how that is called there. */
  readonly suites: readonly string[];
  readonly metapackage: string;
}

export const KERNELS: readonly KernelChoice[] = [
  { name: '5.10', suites: ['bullseye', 'bullseye-security'], metapackage: 'linux-image-amd64' },
  { name: '6.1', suites: ['bookworm', 'bookworm-security'], metapackage: 'linux-image-amd64' },
  { name: '6.12', suites: ['trixie', 'trixie-security'], metapackage: 'linux-image-amd64' },
];
