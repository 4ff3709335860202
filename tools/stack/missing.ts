/*
 * What this machine lacks, as text. In: the answer of an instrumenter. Out: which sources work, and one line for
 * each that does not, with what is missing and how to get it: the instrumenter itself says why.
 */
import type { AnswerBody } from '../../common/wire/peer';

interface SourceStatus {
  readonly name: string;
  readonly metrics: number;
  readonly unavailable?: string;
}

interface SourcesHere {
  readonly working: readonly string[];
  readonly missing: readonly string[];
}

export function sourcesOf(status: AnswerBody): SourcesHere {
  const sources = status['sources'] as readonly SourceStatus[];
  return {
    working: sources.filter((s) => s.metrics > 0).map((s) => `${s.name} (${s.metrics} metrics)`),
    missing: sources
      .filter((s) => s.metrics === 0 && s.unavailable !== undefined)
      .map((s) => `missing: source ${s.name}: ${s.unavailable ?? ''}`),
  };
}
