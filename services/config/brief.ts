/*
 * Short pauses instead of rare ones: whoever is at the front door while garbage is collected waits. Imported first, before
 * anything is allocated. V8's nursery would grow from 1 MB a half to 16: kept small it is emptied more often, in a sixth of
 * the time (docs/speed.md), and without threads that would wait for a processor first.
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--no-parallel-scavenge');
