/*
 * `make house`: how the tree reads, in figures. In: the checkout. Out: sizes of files and folders, import cycles and the
 * importers of outside packages; exit status 1 where one is beyond its bound (house.ts).
 */
import { join } from 'node:path';
import { describe, read } from './house';

const { lines, broken } = describe(read(join(__dirname, '..', '..', '..')));
for (const line of lines) console.log(line);
process.exitCode = broken ? 1 : 0;
