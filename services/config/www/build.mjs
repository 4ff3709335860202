/*
 * Builds the page into build/services/config/www: page.ts and style/page.css with all they import, each as one file whose
 * name carries a hash of its content, with source maps; index.html that names them; the icon.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, '../../../build/services/config/www');

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: ['page.ts', 'style/page.css'],
  entryNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
  publicPath: '/page',
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  sourcemap: true,
  loader: { '.svg': 'file' },
  metafile: true,
  outdir: out,
  logLevel: 'warning',
});

const built = new Map(
  Object.entries(metafile.outputs).flatMap(([file, { entryPoint, inputs }]) => {
    const source = entryPoint ?? Object.keys(inputs)[0];
    return file.endsWith('.map') || source === undefined ? [] : [[basename(source), basename(file)]];
  }),
);
const page = await readFile(join(here, 'index.html'), 'utf8');
await writeFile(
  join(out, 'index.html'),
  page.replace(/\/page\/([\w.]+)/g, (_, name) => {
    const source = name.replace(/\.js$/, '.ts');
    if (!built.has(source)) throw new Error(`index.html names ${name}, which was not built`);
    return `/page/${built.get(source)}`;
  }),
);
