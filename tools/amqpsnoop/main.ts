#!/usr/bin/env node
/* amqpsnoop: argv and environment in, exit status out. Its words are in program.ts, its work in snoop.ts. */
import { runHere } from '../cli/process';
import { AMQPSNOOP } from './program';

void runHere(AMQPSNOOP, process);
