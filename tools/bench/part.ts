/*
 * What own-process.ts starts: measures one part. In: a job from the parent process. Out: its results, to the parent process.
 */
import { messageOf } from '../../common/service/errors';
import { measureDelay } from './delay';
import { measureHeatmaps } from './heatmap';
import { measureIngest } from './ingest';
import { measureMemory } from './memory';
import { measureMerge } from './merge';
import { measureWaysOut } from './ways-out';
import type { Result } from './result';

export interface Job {
  readonly part: keyof typeof WORK;
  readonly short: boolean;
  /** The broker's, for parts that need one. */
  readonly url?: string;
}

export type Outcome = { readonly results: Result[] } | { readonly error: string };

const WORK = {
  merge: ({ short }: Job): Result[] => measureMerge(short ? 0.7 : 4),
  memory: ({ short }: Job): Result[] => measureMemory(short ? 600 : undefined),
  heatmap: ({ short }: Job): Result[] => measureHeatmaps(short ? 3 : 15, short),
  'ways-out': ({ short }: Job): Promise<Result[]> => measureWaysOut(short ? 60 : 330),
  delay: (): Promise<Result[]> => measureDelay(10),
  ingest: ({ short, url = '' }: Job): Promise<Result[]> => measureIngest(url, short ? 2 : 5, short ? 10 : 60),
};

async function measured(job: Job): Promise<Outcome> {
  try {
    return { results: await WORK[job.part](job) };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

process.once('message', (job: Job) => {
  void measured(job).then((outcome) => process.send?.(outcome));
});
process.once('disconnect', () => process.exit());
