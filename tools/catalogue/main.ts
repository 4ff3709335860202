/* Writes docs/catalogue.md and docs/truth.md below the current folder. In: nothing. Out: the files. */
import { writeFileSync } from 'node:fs';
import { truthPage } from '../truth/rows';
import { catalogue } from './catalogue';

writeFileSync('docs/catalogue.md', catalogue());
writeFileSync('docs/truth.md', truthPage());
