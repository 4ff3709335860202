/* YAML and JSON (which is YAML too) into plain values. Only importer of yaml. In: text. Out: a value, or an error with the line. */
import { parseDocument as parse, stringify } from 'yaml';
import { UsageError } from '../options';

export function parseDocument(text: string, name: string): unknown {
  // Aliases could blow a small file up to a huge value; ten are enough for people.
  const document = parse(text, { prettyErrors: true, version: '1.2' });
  const [error] = document.errors;
  if (error !== undefined) {
    const line = error.linePos?.[0];
    const place = line === undefined ? '' : ` line ${line.line}, column ${line.col}`;
    throw new UsageError(`${name}${place}: ${error.message.split(' at line ')[0] ?? error.code}`);
  }
  return document.toJS({ maxAliasCount: 10 }) as unknown;
}

export function documentText(value: unknown): string {
  return stringify(value);
}
