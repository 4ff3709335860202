/*
 * A question of user programs is compiled for each file that has their moments, and watched in each; one of the kernel once.
 * In: an observation, a question, the files known. Out: programs, and why a file has none.
 */
import type { Observation } from '../../metrics/language/observation';
import { compile, type Compiled } from './compiler/compile';
import { programsOf } from './compiler/compile-request';
import type { Machine, Question } from './compiler/plan';
import { MissingError } from './kernel/kernel-types';
import type { BpfProbe } from './kernel/probe';
import type { UserFile } from './user/known-file';
import type { UserFiles } from './user/user-files';

/** One file of user programs, and a question's programs for it; or those of the kernel alone. */
interface ForFile {
  readonly file?: UserFile;
  readonly compiled: Compiled;
}

/** What a question is to be watched in, and of other files of that kind why they cannot be: by their ids. */
export interface ForAll {
  readonly each: readonly ForFile[];
  readonly lacking: ReadonlyMap<string, string>;
}

/** Throws what is not a matter of one file: a MissingError of the kernel, a TypeError. */
export function compileForFiles(
  observation: Observation,
  question: Question,
  machine: Machine,
  files: UserFiles | undefined,
): ForAll {
  const lacking = new Map<string, string>();
  const programs = programsOf(observation);
  if (programs === undefined) {
    return { each: [{ compiled: compile(observation, question, machine) }], lacking };
  }
  const each = (files?.of(programs) ?? []).flatMap((file) => {
    try {
      return [{ file, compiled: compile(observation, question, { ...machine, file }) }];
    } catch (error) {
      if (!(error instanceof MissingError)) throw error;
      lacking.set(file.id, error.message);
      return [];
    }
  });
  return { each, lacking };
}

/** Rejects when there are files, and none can be watched. */
export async function watchAll(probe: BpfProbe, all: readonly ForFile[]): Promise<void> {
  const files = all.flatMap(({ file, compiled }) => (file === undefined ? [] : [{ file, compiled }]));
  const done = await Promise.allSettled(files.map(({ file, compiled }) => probe.watch(file, compiled)));
  const failed = done.filter((result) => result.status === 'rejected');
  if (failed.length > 0 && failed.length === done.length) throw failed[0]?.reason;
}
