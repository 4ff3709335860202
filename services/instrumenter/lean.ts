/*
 * Keeps memory small, and reserves threads for reads that never end: the machine is shared with what is observed.
 * Imported first, before anything is allocated.
 *
 * Idle, most of our memory used to be V8's nursery, which grows to 16 MB a half while our packages load and never
 * shrinks again: held at 1 MB a half, scavenges are more frequent and as much shorter.
 */
import { setFlagsFromString } from 'node:v8';

/** Threads of the process: two pools of reads that may block (blocking-io-pool.ts), and some for the rest. */
const THREADS = 16;

// libuv reads it when it starts the first thread. More threads than other users' files can block.
process.env['UV_THREADPOOL_SIZE'] ??= String(THREADS);

setFlagsFromString('--max-semi-space-size=1');
setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--optimize-for-size');
