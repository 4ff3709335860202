/*
 * Keeps our memory small: we share a machine with what is observed. Imported first, before anything is allocated.
 *
 * Idle, most of our memory used to be V8's nursery, which grows to 16 MB a half while our packages load and never
 * shrinks again. Held at 1 MB, all of us takes 72 MB instead of 89; scavenges are more frequent and as much shorter.
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--max-semi-space-size=1');
setFlagsFromString('--semi-space-growth-factor=1');
