/* Bounds that several sources, or several parts of one, must agree on. Units are in the names. */

/** Instructions of one kernel program: jumps reach 32,767. */
export const KERNEL_INSTRUCTIONS = 30_000;
/** Entries of one kernel map: key × bucket pairs of one instrumentation in one second. */
export const KERNEL_MAP_ENTRIES = 16_384;
/** Calls in flight (start times waiting for their end) that one kernel program remembers. */
export const KERNEL_IN_FLIGHT = 16_384;
/** Cases of one filter by zone that the kernel remembers, by cgroup. */
export const ZONE_CASES = 4096;

/** Time limit for one read of a file of /proc that another user may block. */
export const PROC_FILE_MS = 500;
/** Maximum size of the list of a process's mapped files. */
export const PROCESS_MAPS_BYTES = 1024 * 1024;
/** Processes whose command or mapped files are looked up for one second. */
export const COMMANDS_PER_SECOND = 2000;

/** Reading one file with probes or symbols; and what reading the files of one user may take of one CPU. */
export const ELF_FILE_MS = 2000;
export const USER_SHARE_OF_CPU = 0.02;
export const FUNCTION_NAME_BYTES = 200;
