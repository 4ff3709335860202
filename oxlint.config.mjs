/* Lint: typed rules (promises above all), and the two laws of layout: tools → services → common; one importer per outside package. */

/** Outside package -> the only files that may import it. */
const IMPORTERS = {
  amqplib: [
    'common/wire/broker/broker.ts',
    'common/wire/broker/channel.ts',
    'common/wire/broker/topology.ts',
    'tools/amqpsnoop/tap.ts',
    'tools/bench/bare.ts',
    'tools/testing/thief.ts',
  ],
  restify: ['common/http/http.ts'],
  bunyan: ['common/service/log.ts'],
  '@sinclair/typebox': ['common/model/schema.ts'],
  ajv: ['common/model/schema.ts'],
  pngjs: ['tools/bench/heatmap.ts', 'services/aggregator/testing/test-values.ts'], // and tests: pictures are encoded by the aggregator's own code
  koffi: [
    'services/instrumenter/sources/bpf/kernel/kernel.ts',
    'services/config/door/socket-diag.ts',
    'common/service/trim-malloc.ts',
  ],
  kstat: ['services/instrumenter/sources/kstat/reader.ts'],
  'dtrace-provider': ['common/service/probes.ts'],
  '@prometheus-io/lezer-promql': ['common/prometheus/promql/parse.ts'],
  '@lezer/lr': ['common/prometheus/promql/parse.ts'],
  snappyjs: ['common/prometheus/outgoing/remote-write.ts'],
  '@lezer/common': ['common/prometheus/promql/parse.ts'],
  'fastest-levenshtein': ['common/model/nearest.ts'],
  'string-width': ['tools/cli/screen/visible.ts'],
  'lru-cache': ['common/service/cache.ts'],
  maxmind: ['services/aggregator/transformations/geolocation.ts'],
  pg: ['services/config/pair/postgres.ts'],
  yaml: ['tools/cli/system/document.ts'],
  uplot: ['services/config/www/plot/graph-view.ts'],
  esbuild: ['tools/stack/page.test.ts'],
  'playwright-core': ['tools/testing/browser.ts'],
};

/** Folder -> folders it must not import from (relative paths that climb out of it). The first that fits a file counts. */
const LAYERS = {
  'services/config/www/**/*.ts': [
    '**/tools/**',
    '**/aggregator/**',
    '**/instrumenter/**',
    '**/common/wire/**',
    '**/common/service/**',
    '../**/{door,fleet,state}/**',
  ],
  'common/**/*.ts': ['**/services/**', '**/tools/**'],
  'services/config/**/*.ts': ['**/tools/**', '**/aggregator/**', '**/instrumenter/**'],
  'services/aggregator/**/*.ts': ['**/tools/**', '**/config/**', '**/instrumenter/**'],
  'services/instrumenter/**/*.ts': ['**/tools/**', '**/config/**', '**/aggregator/**'],
};

const TYPED = [
  'await-thenable',
  'no-array-delete',
  'no-base-to-string',
  'no-duplicate-type-constituents',
  'no-floating-promises',
  'no-for-in-array',
  'no-implied-eval',
  'no-misused-promises',
  'no-redundant-type-constituents',
  'no-unnecessary-type-assertion',
  'no-unsafe-argument',
  'no-unsafe-assignment',
  'no-unsafe-call',
  'no-unsafe-enum-comparison',
  'no-unsafe-member-access',
  'no-unsafe-return',
  'no-unsafe-unary-minus',
  'only-throw-error',
  'prefer-promise-reject-errors',
  'require-await',
  'restrict-plus-operands',
  'unbound-method',
  'dot-notation',
  'non-nullable-type-assertion-style',
  'prefer-find',
  'prefer-includes',
  'prefer-nullish-coalescing',
  'prefer-optional-chain',
  'prefer-regexp-exec',
  'prefer-string-starts-ends-with',
];

const PLAIN = [
  'adjacent-overload-signatures',
  'array-type',
  'ban-ts-comment',
  'class-literal-property-style',
  'consistent-generic-constructors',
  'consistent-indexed-object-style',
  'consistent-type-assertions',
  'consistent-type-imports',
  'no-confusing-non-null-assertion',
  'no-empty-function',
  'no-empty-object-type',
  'no-explicit-any',
  'no-inferrable-types',
  'no-namespace',
  'no-non-null-asserted-optional-chain',
  'no-require-imports',
  'no-unsafe-function-type',
  'no-wrapper-object-types',
  'prefer-for-of',
  'prefer-function-type',
];

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

const asErrors = (names) => Object.fromEntries(names.map((name) => [`typescript/${name}`, 'error']));

export default {
  plugins: ['typescript'],
  options: { typeAware: true },
  categories: { correctness: 'error' },
  ignorePatterns: ['build/**', 'node_modules/**', 'deps/build/**', '**/*.js', '**/*.mjs'],
  rules: {
    ...asErrors(TYPED),
    ...asErrors(PLAIN),
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
    'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    eqeqeq: 'error',
    'no-eval': 'error',
    'no-console': 'error',
    'max-lines': ['error', { max: 400, skipBlankLines: false }],
    // Names and messages are hostile here, and matched as such.
    'no-control-regex': 'off',
  },
  overrides: [
    // In order: each layer, then each sole importer (which is still bound by its layer).
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
    // Sorted by their text, on purpose, where only sameness counts.
    {
      files: ['**/*.test.ts'],
      rules: { 'max-lines': 'off', 'typescript/require-array-sort-compare': 'off' },
    },
    { files: ['tools/**/*.ts'], rules: { 'no-console': 'off' } },
  ],
};
