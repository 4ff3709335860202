/*
 * The services' own DTrace probes (docs/probes.md). In: calls at probe points. Out: nothing, unless the probe is
 * enabled. dtrace-provider is an optional package: without it, and on systems without DTrace, each call is a call
 * of an empty function.
 */
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';

/** Name and argument types of each probe; in D they are arg0, arg1, … (text by copyinstr). */
export const PROBES = {
  /** Sender, type, bytes. */
  'message-received': ['char *', 'char *', 'int'],
  /** Flight number, instrumentation. */
  'heatmap-start': ['int', 'char *'],
  /** Flight number, instrumentation, bytes of the picture (0: drawing failed). */
  'heatmap-done': ['int', 'char *', 'int'],
  /** Flight number, method, URL. */
  'proxy-start': ['int', 'char *', 'char *'],
  /** Flight number, status (0: no answer), bytes to the client. */
  'proxy-done': ['int', 'int', 'int'],
} as const;

/** The part of dtrace-provider that we use; it has no types of its own. */
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

/** Fires probe `cloudanalytics<pid>:::<name>`. `args` is called only while the probe is enabled. */
export const fire: Fire = provider(process.platform);

let numbered = 0;
/** A unique number for an operation in flight: the first argument of a start and its done. */
export function flightNumber(): number {
  numbered = (numbered + 1) % 0x7fffffff;
  return numbered;
}

function provider(platform: NodeJS.Platform): Fire {
  const nothing: Fire = () => undefined;
  // On Linux the package loads too, but only prints a message.
  if (platform !== 'sunos' && platform !== 'darwin' && platform !== 'freebsd') return nothing;
  try {
    const require = createRequire(__filename);
    return fireThrough(require('dtrace-provider') as ProviderPackage);
  } catch {
    return nothing;
  }
}

/** Creates the probes with the package, or a fake one in tests. */
export function fireThrough(dtrace: ProviderPackage): Fire {
  // A unique module name: two copies of the package in one process must not share one.
  const made = dtrace.createDTraceProvider('cloudanalytics', `ca-${randomUUID()}`);
  for (const [name, types] of Object.entries(PROBES)) made.addProbe(name, ...types);
  made.enable();
  return (name, args) => {
    made.fire(name, args);
  };
}
