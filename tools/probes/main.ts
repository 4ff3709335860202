/*
 * usage: node build/tools/probes/main.js [source …]
 *
 * Tries every metric of each source on this machine (all sources but the synthetic one, when none is named).
 * One line each; ends with 1 when one failed, or when a source that was named does not work here.
 */
import { SYSTEM_CLOCK } from '../../common/service/clock';
import { messageOf } from '../../common/service/errors';
import { SILENT } from '../../common/service/log';
import { readSettings } from '../../common/service/settings';
import { Journal } from '../../services/instrumenter/gather/journal';
import { OPENERS, openSources } from '../../services/instrumenter/sources/sources';
import { line, summary, tryMetrics, type Row } from './probes';

async function main(): Promise<void> {
  const { host, seed, dtrace, searchPath } = readSettings(process.env);
  const named = process.argv.slice(2);
  const names = named.length > 0 ? named : [...OPENERS.keys()].filter((name) => name !== 'synthetic');
  const opened = await openSources(names, {
    host,
    clock: SYSTEM_CLOCK,
    elapsed: () => performance.now() * 1e6,
    log: SILENT,
    journal: new Journal(),
    seed,
    dtrace,
    searchPath,
  });
  const rows: Row[] = [];
  for (const { name, source, unavailable } of opened) {
    if (source === undefined) {
      console.log(`${name.padEnd(10)} unavailable (${unavailable ?? ''})`);
      if (named.length > 0) process.exitCode = 1;
      continue;
    }
    await tryMetrics(source, (row) => {
      rows.push(row);
      console.log(line(row));
    });
    await source.close();
  }
  console.log();
  for (const { name, source } of opened) {
    if (source !== undefined)
      console.log(
        summary(
          name,
          rows.filter((row) => row.source === name),
        ),
      );
  }
  if (rows.some((row) => row.state === 'failed')) process.exitCode = 1;
  // A source may have a thread that waits for the kernel.
  process.exit();
}

main().catch((error: unknown) => {
  process.stderr.write(`probes: ${messageOf(error)}\n`);
  process.exit(1);
});
