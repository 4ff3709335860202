/*
 * The tree in figures. In: its TypeScript files. Out: lines of code, the largest files and folders, import cycles and who
 * imports which outside package, each with its bound.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize, relative } from 'node:path';

export interface SourceFile {
  /** From the checkout, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** The target of a figure, and its limit until then, which is only ever lowered. */
interface Bound {
  readonly target: number;
  readonly most: number;
}

export const BOUNDS = {
  /** Lines of all files but tests and what only tests use. */
  lines: { target: 46_000, most: 88_000 },
  /** Lines of the file in the middle. */
  medianLines: { target: 80, most: 80 },
  /** Files with more than FILE_LINES. */
  longFiles: { target: 0, most: 0 },
  /** Folders with more files than their bound; cycles, types included. */
  fullFolders: { target: 0, most: 0 },
  cycles: { target: 0, most: 0 },
} as const satisfies Record<string, Bound>;

const FILE_LINES = 350;
/** Files of one folder, tests not counted. */
const FOLDER_FILES = 20;
/** Folders of this kind hold one file for each thing: metrics of one module, commands, one programme's benchmarks. */
const FOLDER_FILES_OF_A_LIST = 30;

const ROOMS = ['common', 'services', 'tools', 'smf'];
const LISTS = /^(services\/instrumenter\/metrics(\/|$)|tools\/cactl\/commands$|tools\/bench$)/;

export function read(root: string): SourceFile[] {
  return ROOMS.flatMap((room) => filesBelow(join(root, room))).map((file) => ({
    path: relative(root, file).replaceAll('\\', '/'),
    text: readFileSync(file, 'utf8'),
  }));
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() && entry.name.endsWith('.ts') ? [path] : [];
  });
}

export const isForTests = (path: string): boolean => /\.test\.ts$|(^|\/)testing\//.test(path);

export function describe(files: readonly SourceFile[]): { lines: string[]; broken: boolean } {
  const product = files.filter(({ path }) => !isForTests(path));
  const sizes = product
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    .sort((a, b) => b.lines - a.lines);
  const total = sizes.reduce((sum, { lines }) => sum + lines, 0);
  const median = sizes[sizes.length >> 1]?.lines ?? 0;
  const long = sizes.filter(({ lines }) => lines > FILE_LINES);
  const folders = foldersOf(product);
  const full = folders.filter(({ path, count }) => count > boundOf(path));
  const cycles = cyclesOf(product);
  const rows = [
    bounded('lines of code without tests', total, BOUNDS.lines),
    bounded('lines of the median file', median, BOUNDS.medianLines),
    bounded(`files of more than ${FILE_LINES} lines`, long.length, BOUNDS.longFiles),
    ...long.map(({ path, lines }) => `  ${path}: ${lines} lines`),
    bounded('folders with more files than their bound', full.length, BOUNDS.fullFolders),
    ...full.map(({ path, count }) => `  ${path}: ${count} files, at most ${boundOf(path)}`),
    bounded('import cycles, types included', cycles.length, BOUNDS.cycles),
    ...cycles.map((cycle) => `  ${cycle.join(' → ')}`),
  ];
  return {
    lines: [
      ...rows,
      `files: ${sizes.length}; tests and what only they use: ${files.length - sizes.length}`,
      ...importersOf(product),
    ],
    broken: rows.some((row) => row.startsWith('BEYOND')),
  };
}

function bounded(what: string, figure: number, { target, most }: Bound): string {
  const goal = target === most ? '' : `; the target is ${target}`;
  return `${figure > most ? 'BEYOND' : 'ok'}: ${what}: ${figure} (at most ${most}${goal})`;
}

const boundOf = (folder: string): number => (LISTS.test(folder) ? FOLDER_FILES_OF_A_LIST : FOLDER_FILES);

function foldersOf(files: readonly SourceFile[]): { path: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { path } of files) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  return [...counts].map(([path, count]) => ({ path, count })).sort((a, b) => b.count - a.count);
}

/** What a file imports, types and lazy requires included; relative ones as paths from the checkout. */
export function importsOf({ path, text }: SourceFile): { local: string[]; outside: string[] } {
  const local: string[] = [];
  const outside: string[] = [];
  for (const [, name = ''] of text.matchAll(
    /(?:^(?:import|export)\s[^;'"]*?\sfrom\s|^import\s|\b(?:require|import)\()\s*'([^'\n]+)'/gm,
  )) {
    if (name.startsWith('.')) local.push(normalize(join(dirname(path), name)).replace(/\.ts$/, '') + '.ts');
    else if (!name.startsWith('node:') && !builtinModules.includes(name)) outside.push(packageOf(name));
  }
  return { local, outside };
}

const packageOf = (name: string): string =>
  name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');

/** Groups of files that reach each other: strongly connected components (Tarjan 1972) of more than one file. */
export function cyclesOf(files: readonly SourceFile[]): string[][] {
  const imports = new Map(files.map((file) => [file.path, importsOf(file).local]));
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const cycles: string[][] = [];
  const visit = (path: string): void => {
    index.set(path, index.size);
    low.set(path, index.get(path) ?? 0);
    stack.push(path);
    for (const next of imports.get(path) ?? []) {
      if (!imports.has(next)) continue;
      if (!index.has(next)) visit(next);
      if (stack.includes(next)) low.set(path, Math.min(low.get(path) ?? 0, low.get(next) ?? 0));
    }
    if (low.get(path) !== index.get(path)) return;
    const cycle = stack.splice(stack.indexOf(path));
    if (cycle.length > 1) cycles.push(cycle);
  };
  for (const path of imports.keys()) if (!index.has(path)) visit(path);
  return cycles;
}

function importersOf(files: readonly SourceFile[]): string[] {
  const importers = new Map<string, string[]>();
  for (const file of files) {
    for (const name of new Set(importsOf(file).outside))
      importers.set(name, [...(importers.get(name) ?? []), file.path]);
  }
  return [...importers]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, by]) => `${name}: ${by.join(', ')}`);
}
