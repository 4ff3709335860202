/* cloud-analytics, the command: see program.ts. */
import { runHere } from '../cli/process';
import { NODE_PROGRAM } from './program';

void runHere(NODE_PROGRAM, process);
