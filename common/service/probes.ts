/*
 * The services' own DTrace probes (docs/probes.md): what they do, visible to dtrace while they run. In: calls where
 * it happens. Out: nothing, unless somebody watches. dtrace-provider is an optional package: without it, and on
 * systems without DTrace, each call is a call of an empty function.
 */
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';

/** Name and argument types of each probe; in D they are arg0, arg1, … (text by copyinstr). */
export const PROBES = {
  /** Where from, what, bytes. */
  'message-received': ['char *', 'char *', 'int'],
  /** Number of the drawing, instrumentation. */
  'heatmap-start': ['int', 'char *'],
  /** Number of the drawing, instrumentation, bytes of the picture (0: it could not be drawn). */
  'heatmap-done': ['int', 'char *', 'int'],
  /** Number of the request, method, URL. */
  'proxy-start': ['int', 'char *', 'char *'],
  /** Number of the request, status (0: no answer), bytes to the client. */
  'proxy-done': ['int', 'int', 'int'],
} as const;

/** What we use of dtrace-provider; it brings no types of its own. */
export interface ProviderPackage {
  createDTraceProvider(
    name: string,
    module: string,
  ): {
    addProbe(name: string, ...types: string[]): unknown;
    enable(): void;
    fire(name: string, args: () => (string | number)[]): void;
  };
}

type ProbeName = keyof typeof PROBES;
type Argument<T> = T extends 'int' ? number : string;
type Tuple<T extends readonly string[]> = { -readonly [I in keyof T]: Argument<T[I]> };
type Arguments<N extends ProbeName> = Tuple<(typeof PROBES)[N]>;
type Fire = <N extends ProbeName>(name: N, args: () => Arguments<N>) => void;

/** Fires probe `cloudanalytics<pid>:::<name>`. `args` is called only while somebody watches. */
export const fire: Fire = provider(process.platform);

let numbered = 0;
/** A number that tells two things in flight apart: first argument of a start and its done. */
export function flightNumber(): number {
  numbered = (numbered + 1) % 0x7fffffff;
  return numbered;
}

function provider(platform: NodeJS.Platform): Fire {
  const nothing: Fire = () => undefined;
  // The package loads on Linux too, where it does nothing but say so on the terminal.
  if (platform !== 'sunos' && platform !== 'darwin' && platform !== 'freebsd') return nothing;
  try {
    const require = createRequire(__filename);
    return fireThrough(require('dtrace-provider') as ProviderPackage);
  } catch {
    return nothing;
  }
}

/** The probes, made with the package; for tests, with one like it. */
export function fireThrough(dtrace: ProviderPackage): Fire {
  // A module name of its own: two copies of the package in one process must not share one.
  const made = dtrace.createDTraceProvider('cloudanalytics', `ca-${randomUUID()}`);
  for (const [name, types] of Object.entries(PROBES)) made.addProbe(name, ...types);
  made.enable();
  return (name, args) => {
    made.fire(name, args);
  };
}
