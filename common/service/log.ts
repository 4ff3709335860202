/*
 * Logging: bunyan records on standard error, one JSON object a line. Only importer of bunyan.
 */
import bunyan from 'bunyan';

/** The logger interface; tests pass a silent one. */
export interface Log {
  debug(fields: object, text: string): void;
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

export function createLog(name: string, level: string): Log {
  return bunyan.createLogger({
    name,
    level: isLevel(level) ? level : 'info',
    stream: process.stderr,
    serializers: { err: bunyan.stdSerializers.err },
  });
}

function isLevel(level: string): level is bunyan.LogLevelString {
  return level in bunyan.levelFromName;
}

const nothing = (): void => undefined;

export const SILENT: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
