/*
 * Why BPF does not work here, and errors of the kernel as sentences with a fix. In: the kernel, or what it threw.
 * Out: a sentence; an EnableError.
 */
import { KERNEL_MAP_ENTRIES } from '../limits';
import { EnableError } from '../source';
import { ERRNO } from './kernel/abi';
import type { Btf } from './kernel/btf';
import { KernelError, type Kernel } from './kernel/kernel';
import { MissingError } from './kernel/kernel-types';

/** Lines of the verifier's log that are passed on. */
const LOG_LINES = 12;
const NEEDED =
  'BPF needs root, or the capabilities CAP_BPF and CAP_PERFMON; ' +
  'fix: sudo make run, or grant these two (AmbientCapabilities= of a systemd unit)';

/** r0 = 0; exit */
const TRIVIAL = Buffer.from('b7000000000000009500000000000000', 'hex');

/** Why nothing works here; undefined when it does. */
export function obstacleIn(kernel: Kernel, types: Btf): string | undefined {
  try {
    types.walk('task_struct', 'comm');
  } catch (error) {
    return error instanceof MissingError
      ? error.message
      : 'the kernel has no type information: /sys/kernel/btf/vmlinux is missing (Linux 5.8 with CONFIG_DEBUG_INFO_BTF)';
  }
  try {
    kernel.raiseLockedMemory();
    kernel.close(kernel.createMap({ name: 'try', kind: 'hash', keyBytes: 4, valueBytes: 8, entries: 1 }));
    kernel.close(kernel.load('try', TRIVIAL));
  } catch (error) {
    return enableError(error).message;
  }
  return undefined;
}

/** One sentence for people; the verifier's last lines beside it. */
export function enableError(error: unknown): EnableError {
  if (error instanceof EnableError) return error;
  if (error instanceof KernelError) {
    const log = error.log.trim().split('\n').slice(-LOG_LINES).join('\n');
    if (error.errno === ERRNO.EPERM) return new EnableError(NEEDED, log);
    if (error.errno === ERRNO.ENOMEM) {
      return new EnableError(`the kernel has no memory for maps of ${KERNEL_MAP_ENTRIES} entries`, log);
    }
    return new EnableError(error.message, log);
  }
  return new EnableError(error instanceof Error ? error.message : String(error));
}
