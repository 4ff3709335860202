/*
 * Parts that take long to load, loaded when first needed: with all of them `cactl --version` takes 0.49 s of CPU,
 * without 0.11 s, and completion has to answer while somebody types. The broker's client compiles every message's
 * schema; the kernel's part brings a native library. import() would do the same, but tests and builds disagree about
 * the names it takes.
 */
/* oxlint-disable typescript/no-require-imports */
import type * as Snoop from '../amqpsnoop/snoop';
import type * as Bpf from '../../services/instrumenter/sources/bpf/open';
import type * as BpfCompile from '../../services/instrumenter/sources/bpf/compiler/compile';
import type * as Dtrace from '../../services/instrumenter/sources/dtrace/program';
import type * as Bus from './bus';
import type * as Document from '../cactl/document';
import type * as Dry from '../cactl/dry';
import type * as Obstacles from '../cactl/obstacles';

export const bus = (): typeof Bus => require('./bus') as typeof Bus;
export const yaml = (): typeof Document => require('../cactl/document') as typeof Document;
export const dry = (): typeof Dry => require('../cactl/dry') as typeof Dry;
export const obstacles = (): typeof Obstacles => require('../cactl/obstacles') as typeof Obstacles;
export const bpf = (): typeof Bpf => require('../../services/instrumenter/sources/bpf/open') as typeof Bpf;
export const bpfCompile = (): typeof BpfCompile =>
  require('../../services/instrumenter/sources/bpf/compiler/compile') as typeof BpfCompile;
export const dtrace = (): typeof Dtrace =>
  require('../../services/instrumenter/sources/dtrace/program') as typeof Dtrace;
export const snoop = (): typeof Snoop => require('../amqpsnoop/snoop') as typeof Snoop;
