import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';

const ROOT = join(__dirname, '..');
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');

const architecture = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8');

const named = [
  ...(readme + architecture).matchAll(/`((?:common|services|tools|smf|deps|docs|bench)\/[\w./-]+)`/g),
].map((m) => m[1] ?? '');
const pictures = [...readme.matchAll(/\]\(((?!https?:|#)[^)#]+)[^)]*\)/g)].map((m) => m[1] ?? '');

test('README and docs/architecture.md name files', () => {
  expect(named.length).toBeGreaterThan(20);
});

test.each([...new Set([...named, ...pictures])])(
  '%s, named in README or docs/architecture.md, exists',
  (path) => {
    expect(existsSync(join(ROOT, path))).toBe(true);
  },
);

/** Rows of the tables of what breaks: fault, what users see, how long, what is lost, and the test. */
function faults(file: string): { fault: string; cells: string[] }[] {
  const lines = readFileSync(join(ROOT, file), 'utf8').split('\n');
  const rows: { fault: string; cells: string[] }[] = [];
  let inside = false;
  for (const line of lines) {
    if (line === '| fault | users see | how long | lost | test |') inside = true;
    else if (!line.startsWith('|')) inside = false;
    else if (inside && !line.startsWith('|---')) {
      const cells = line.split('|').slice(1, -1).map((cell) => cell.trim()); // prettier-ignore
      rows.push({ fault: cells[0] ?? '', cells });
    }
  }
  return rows;
}

test.each([
  ['README.md', 7],
  ['docs/failures.md', 30],
])('what breaks is told in %s', (file, least) => {
  expect(faults(file).length).toBeGreaterThanOrEqual(least);
});

// Where a row names a test and no file, it is one of these.
const FAILURES = 'tools/chaos/failures.test.ts';

test.each(['README.md', 'docs/failures.md'].flatMap((file) => faults(file).map((row) => ({ file, ...row }))))(
  '$file: the tests of "$fault" exist',
  ({ file, cells }) => {
    expect(cells.length).toBe(5);
    const cell = cells[4] ?? '';
    let source = FAILURES;
    let tests = 0;
    const unknown: string[] = [];
    for (const [, link, title] of cell.matchAll(/\]\(([^)]+)\)|\*([^*]+)\*/g)) {
      if (link !== undefined) source = normalize(join(dirname(file), link));
      if (source.endsWith('.test.ts')) tests++;
      const text = readFileSync(join(ROOT, source), 'utf8');
      // Titles are shortened by "…", at the end or where a table has its word.
      const pieces = (title ?? '').split('…').map((piece) => piece.trim());
      unknown.push(...pieces.filter((piece) => !text.includes(piece)).map((piece) => `${source}: ${piece}`));
    }
    expect(unknown).toEqual([]);
    expect(tests > 0 || cell.includes('`make chaos`')).toBe(true);
  },
);

/** Folders whose one idea is the folder above: metrics of one module, pictures. */
const WITHOUT_README = /services\/instrumenter\/metrics\/(?!language)|testing|__snapshots__|smf\/|style/;

const folders = ['common', 'services', 'tools'].flatMap((room) =>
  readdirSync(join(ROOT, room), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name))),
);

test.each(folders.filter((folder) => !WITHOUT_README.test(folder)))(
  '%s says in a few lines what it is',
  (folder) => {
    const lines = readFileSync(join(ROOT, folder, 'README.md'), 'utf8').split('\n');
    expect(lines[0]).toMatch(/^# /);
    expect(lines.length).toBeLessThanOrEqual(14);
  },
);

test('the contents of docs/fleet.md are its sections, in order', () => {
  const text = readFileSync(join(ROOT, 'docs/fleet.md'), 'utf8');
  const [before = '', ...rest] = text.split(/^(?=## )/m);
  const contents = [...before.matchAll(/\[([^\]]+)\]\(#([^)]+)\)/g)].map(([, title, anchor]) => [
    title,
    anchor,
  ]);
  const sections = rest.map((section) => /^## (.*)/.exec(section)?.[1] ?? '');
  expect(contents).toEqual(
    sections.map((title) => [
      title,
      title
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    ]),
  );
});
