/* Writes docs/catalogue.md below the current folder. In: nothing. Out: the file. */
import { writeFileSync } from 'node:fs';
import { catalogue } from './catalogue';

writeFileSync('docs/catalogue.md', catalogue());
