/*
 * Keeps our memory small, and makes room for reads that never end: we share a machine with what is observed. Imported first, before anything is allocated.
 *
 * Idle, most of our memory used to be V8's nursery, which grows to 16 MB a half while our packages load and never
 * shrinks again: held at 1 MB a half, scavenges are more frequent and as much shorter.
 */
import { setFlagsFromString } from 'node:v8';
import { LIMITS } from '../../common/service/limits';

// Read when the first of them is needed (libuv): more than strangers can hold up.
process.env['UV_THREADPOOL_SIZE'] ??= String(LIMITS.threads);

setFlagsFromString('--max-semi-space-size=1');
setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--optimize-for-size');
