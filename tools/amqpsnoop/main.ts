#!/usr/bin/env node
/* amqpsnoop: argv and environment in, exit status out. Options and help are in program.ts, the work in snoop.ts. */
import { runHere } from '../cli/process';
import { AMQPSNOOP } from './program';

void runHere(AMQPSNOOP, process);
