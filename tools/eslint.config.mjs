/* Lint: typed rules for promises, and the two laws of layout: tools → services → common; one importer per outside package. */
import { dirname } from 'node:path';
import tseslint from 'typescript-eslint';

/** Outside package -> the only files that may import it. */
const IMPORTERS = {
  amqplib: ['common/broker.ts', 'tools/amqpsnoop/tap.ts', 'tools/bench/bare.ts'],
  restify: ['common/http.ts'],
  bunyan: ['common/log.ts'],
  '@sinclair/typebox': ['common/schema.ts'],
  ajv: ['common/schema.ts'],
  pngjs: ['tools/bench/heatmap.ts'], // and tests: pictures are encoded by the aggregator's own code
  koffi: ['services/instrumenter/sources/bpf/kernel.ts'],
  kstat: ['services/instrumenter/sources/kstat/reader.ts'],
  'dtrace-provider': ['common/probes.ts'],
  'lru-cache': ['common/cache.ts'],
  maxmind: ['services/aggregator/transformations/geolocation.ts'],
  yaml: ['tools/cactl/document.ts'],
  uplot: ['services/config/www/uPlot.esm.d.ts'],
  'playwright-core': ['tools/stack/browser.ts'],
};

/** Folder -> folders it must not import from (relative paths that climb out of it). */
const LAYERS = {
  'common/**/*.ts': ['**/services/**', '**/tools/**'],
  'services/config/**/*.ts': ['**/tools/**', '**/aggregator/**', '**/instrumenter/**'],
  'services/aggregator/**/*.ts': ['**/tools/**', '**/config/**', '**/instrumenter/**'],
  'services/instrumenter/**/*.ts': ['**/tools/**', '**/config/**', '**/aggregator/**'],
};

const packagesFor = (file) =>
  Object.entries(IMPORTERS)
    .filter(([, files]) => !files.includes(file))
    .map(([name]) => ({ name, message: `only ${IMPORTERS[name].join(' and ')} may import ${name}` }));

const restrict = (paths, patterns) => ({
  'no-restricted-imports': [
    'error',
    {
      paths,
      patterns:
        patterns.length > 0
          ? [{ group: patterns, message: 'tools → services → common; services never import each other' }]
          : [],
    },
  ],
});

const layerOf = (file) =>
  Object.entries(LAYERS).find(([glob]) => file.startsWith(glob.slice(0, glob.indexOf('*'))))?.[1] ?? [];

export default tseslint.config(
  { ignores: ['build/**', 'node_modules/**', 'deps/build/**', 'services/config/www/**/*.js'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: dirname(import.meta.dirname) },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-restricted-imports': 'off',
      eqeqeq: 'error',
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-console': 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: false }],
    },
  },
  // In `files` order: each layer, then each sole importer (which is still bound by its layer).
  { files: ['tools/**/*.ts', 'smf/**/*.ts'], rules: restrict(packagesFor(''), []) },
  ...Object.entries(LAYERS).map(([glob, patterns]) => ({
    files: [glob],
    rules: restrict(packagesFor(''), patterns),
  })),
  ...[...new Set(Object.values(IMPORTERS).flat())].map((file) => ({
    files: [file],
    rules: restrict(packagesFor(file), layerOf(file)),
  })),
  // Tests decode pictures and speak to brokers on their own; the layers hold for them too.
  { files: ['tools/**/*.test.ts'], rules: restrict([], []) },
  ...Object.entries(LAYERS).map(([glob, patterns]) => ({
    files: [glob.replace('.ts', '.test.ts')],
    rules: restrict([], patterns),
  })),
  {
    files: ['**/*.test.ts'],
    rules: { 'max-lines': 'off', '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  { files: ['tools/**/*.ts'], rules: { 'no-console': 'off' } },
);
