#!/usr/bin/env node
/*
 * cactl: argv and environment in, exit status out. What it can do is in commands.ts; how a line runs, in program.ts.
 */
import { CACTL } from './commands';
import { runHere } from '../cli/process';

void runHere(CACTL, process);
