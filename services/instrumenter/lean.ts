/*
 * Keeps our memory small, and makes room for reads that never end: we share a machine with what is observed. Imported first, before anything is allocated.
 *
 * Idle, most of our memory used to be V8's nursery, which grows to 16 MB a half while our packages load and never
 * shrinks again: held at 1 MB a half, scavenges are more frequent and as much shorter.
 */
import { setFlagsFromString } from 'node:v8';

/** Of the process: two pools of reads that may be held up (blocking-io-pool.ts), and room for the rest. */
const THREADS = 16;

// Read when the first of them is needed (libuv): more than strangers can hold up.
process.env['UV_THREADPOOL_SIZE'] ??= String(THREADS);

setFlagsFromString('--max-semi-space-size=1');
setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--optimize-for-size');
