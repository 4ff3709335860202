/* `node main.js FOLDER`: the summary of Jest's reports in a folder; exits with 1 when anything failed or nothing passed. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { summarize, type JestReport } from './report';

const [folder = 'build/reports'] = process.argv.slice(2);
const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
const reports = names.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as JestReport);
const { lines, ok } = summarize(reports, (file) => relative(process.cwd(), file));
process.stdout.write(`\n${lines.join('\n')}\n`);
process.exit(ok ? 0 : 1);
