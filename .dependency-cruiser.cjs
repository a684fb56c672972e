/**
 * The direction of imports between the modules of src/ (docs/adr/0002-modules.md): `npm run imports`.
 *
 * Each module lists what it may import besides itself: a module, or single files of one. What is not listed is forbidden,
 * so a new module is forbidden everything until it is entered here.
 */

/** No feature among them: they serve every module. */
const FOUNDATIONS = [
  'shared',
  'sensitive',
  'webhooks',
  'rules',
  'problems',
  'config',
  'persistence',
  'security',
  'http',
  'observability',
];

const SIGNER = ['webhooks', 'sensitive'];
const REQUESTS_AND_ANSWERS = [
  'payments/payment-requests',
  'subscriptions/subscription-requests',
  'providers/answers',
  'providers/operation',
];

/** @type {Record<string, readonly string[]>} */
const MAY_IMPORT = {
  shared: [],
  sensitive: [],
  webhooks: ['sensitive'],
  rules: ['shared', 'sensitive'],
  problems: ['sensitive', 'rules'],
  config: ['shared', 'sensitive', 'webhooks', 'rules'],
  persistence: ['shared', 'config'],
  security: ['shared', 'sensitive', 'webhooks', 'rules', 'problems', 'config', 'persistence', 'http'],
  http: ['shared', 'sensitive', 'rules', 'problems', 'config', 'persistence/store', 'security/scope'],
  observability: FOUNDATIONS,
  providers: FOUNDATIONS,
  operations: [...FOUNDATIONS, 'providers'],
  notifications: FOUNDATIONS,
  payments: [...FOUNDATIONS, 'providers', 'operations', 'notifications'],
  subscriptions: [...FOUNDATIONS, 'providers', 'operations', 'notifications', 'payments'],
  callbacks: [...FOUNDATIONS, 'providers', 'operations', 'notifications', 'payments'],
  admin: [
    ...FOUNDATIONS,
    'providers',
    'operations',
    'notifications',
    'payments',
    'subscriptions',
    'callbacks',
  ],
  simulator: ['shared', 'rules', ...SIGNER, ...REQUESTS_AND_ANSWERS],
};

const SPEC = '\\.spec\\.ts$';

/** `security` allows the module, `security/secret` only that file. */
const asPattern = (allowed) => (allowed.includes('/') ? `^src/${allowed}\\.ts$` : `^src/${allowed}/`);

const moduleRules = Object.entries(MAY_IMPORT).map(([module, allowed]) => ({
  name: `module-${module}`,
  comment: `src/${module}/ may import ${allowed.length > 0 ? allowed.join(', ') : 'no other module'} (docs/adr/0002-modules.md).`,
  severity: 'error',
  from: { path: `^src/${module}/`, pathNot: [SPEC, '^src/persistence/database\\.ts$'] },
  to: { path: '^src/', pathNot: [module, ...allowed].map(asPattern) },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...moduleRules,
    {
      name: 'database-types-only',
      comment:
        'persistence/database.ts composes the row types of the modules, and takes nothing else from them.',
      severity: 'error',
      from: { path: '^src/persistence/database\\.ts$' },
      to: { path: '^src/(?!persistence/)', pathNot: '\\.table\\.ts$' },
    },
    {
      name: 'database-type-imports-only',
      comment: 'Row types only: at run time persistence depends on no feature.',
      severity: 'error',
      from: { path: '^src/persistence/database\\.ts$' },
      to: { path: '^src/(?!persistence/)', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'known-module',
      comment: 'A new folder of src/ is entered in MAY_IMPORT first.',
      severity: 'error',
      from: { path: `^src/(?!(${Object.keys(MAY_IMPORT).join('|')})/)[^/]+/` },
      to: {},
    },
    {
      name: 'modules-do-not-import-the-wiring',
      comment: 'main, start, create-app and app.module put the modules together; no module knows them.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: SPEC },
      to: { path: '^src/[^/]+\\.ts$' },
    },
    {
      name: 'no-circular',
      comment: 'A cycle has no direction. Type-only imports count: they tie the modules just the same.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'Imported by nothing and importing nothing: dead, or not wired yet.',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: [SPEC, '\\.worker\\.ts$', '\\.d\\.ts$'] },
      to: {},
    },
    {
      name: 'no-tests-in-src',
      comment: 'The program holds nothing of its tests.',
      severity: 'error',
      from: { path: '^src/', pathNot: SPEC },
      to: { path: ['^test/', '^bench/', SPEC] },
    },
    {
      name: 'no-dev-dependencies',
      comment: 'They are not there in production (npm ci --omit=dev).',
      severity: 'error',
      from: { path: '^src/', pathNot: SPEC },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-undeclared-dependencies',
      comment: 'What is imported is declared in package.json.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-optional'] },
    },
    {
      name: 'resolvable',
      comment: 'An import that leads nowhere would escape every other rule.',
      severity: 'error',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    parser: 'tsc',
    combinedDependencies: false,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types'] },
  },
};
