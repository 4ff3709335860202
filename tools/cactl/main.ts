#!/usr/bin/env node
/*
 * cactl: argv and environment in, exit status out. The commands are in commands.ts; program.ts runs a command line.
 */
import { CACTL } from './commands';
import { runHere } from '../cli/process';

void runHere(CACTL, process);
