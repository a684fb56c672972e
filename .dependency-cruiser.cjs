/**
 * The direction of imports between the modules of src/ (docs/adr/0002-modules.md): `npm run imports`.
 *
 * Each module lists the modules that it may import besides itself. All other imports are forbidden, so a new module may
 * import nothing until it has an entry here.
 */

/** The modules below every feature. */
const FOUNDATIONS = [
  'shared',
  'sensitive',
  'webhooks',
  'rules',
  'problems',
  'config',
  'outbound',
  'persistence',
  'erasures',
  'http',
  'observability',
  'audit',
  'security',
];

/** @type {Record<string, readonly string[]>} */
const MAY_IMPORT = {
  shared: [],
  sensitive: ['shared'],
  webhooks: ['sensitive'],
  rules: ['shared', 'sensitive'],
  problems: ['rules'],
  config: ['shared', 'sensitive', 'webhooks', 'rules'],
  outbound: ['shared'],
  persistence: ['shared', 'config'],
  erasures: ['shared', 'persistence'],
  security: [
    'shared',
    'sensitive',
    'webhooks',
    'rules',
    'problems',
    'config',
    'outbound',
    'persistence',
    'http',
    'observability',
    'audit',
  ],
  audit: ['shared', 'sensitive', 'problems', 'persistence', 'http'],
  http: ['shared', 'sensitive', 'rules', 'problems', 'config', 'persistence'],
  observability: ['shared', 'sensitive', 'rules', 'problems', 'config', 'persistence', 'http'],
  leases: ['shared', 'config', 'persistence', 'observability'],
  providers: FOUNDATIONS,
  operations: [...FOUNDATIONS, 'leases', 'providers'],
  notifications: [...FOUNDATIONS, 'leases', 'providers'],
  payments: [...FOUNDATIONS, 'leases', 'providers', 'operations', 'notifications'],
  refunds: [...FOUNDATIONS, 'providers', 'operations', 'notifications', 'payments'],
  subscriptions: [...FOUNDATIONS, 'leases', 'providers', 'operations', 'notifications', 'payments'],
  totals: [...FOUNDATIONS, 'leases'],
  retention: [...FOUNDATIONS, 'leases'],
  reconciliation: [
    ...FOUNDATIONS,
    'leases',
    'providers',
    'operations',
    'notifications',
    'payments',
    'refunds',
    'subscriptions',
  ],
  callbacks: [
    ...FOUNDATIONS,
    'leases',
    'providers',
    'operations',
    'notifications',
    'payments',
    'refunds',
    'subscriptions',
  ],
  console: ['shared', 'rules', 'problems', 'config', 'http'],
  admin: [
    ...FOUNDATIONS,
    'providers',
    'operations',
    'notifications',
    'payments',
    'refunds',
    'subscriptions',
    'callbacks',
    'totals',
  ],
  landing: ['config', 'http', 'observability', 'providers'],
};

const SPEC = '\\.spec\\.ts$';

const moduleRules = Object.entries(MAY_IMPORT).map(([module, allowed]) => ({
  name: `module-${module}`,
  comment: `src/${module}/ may import ${allowed.length > 0 ? allowed.join(', ') : 'no other module'} (docs/adr/0002-modules.md).`,
  severity: 'error',
  from: { path: `^src/${module}/`, pathNot: SPEC },
  to: { path: '^src/', pathNot: [module, ...allowed].map((each) => `^src/${each}/`) },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...moduleRules,
    {
      name: 'known-module',
      comment: 'A new folder of src/ needs an entry in MAY_IMPORT.',
      severity: 'error',
      from: { path: `^src/(?!(${Object.keys(MAY_IMPORT).join('|')})/)[^/]+/` },
      to: {},
    },
    {
      name: 'modules-do-not-import-the-wiring',
      comment: 'main, start, create-app and app.module assemble the modules; no module imports them.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: SPEC },
      to: { path: '^src/[^/]+\\.ts$' },
    },
    {
      name: 'simulator-is-independent',
      comment: "A simulator that shares the gateway's code cannot find the gateway's mistakes.",
      severity: 'error',
      from: { path: '^simulator/', pathNot: SPEC },
      to: { path: '^(src|test|bench)/' },
    },
    {
      name: 'simulator-starts-in-one-place',
      comment: 'Only bundled-simulator.ts knows the simulator, by its package.',
      severity: 'error',
      from: { path: '^src/', pathNot: [SPEC, '^src/bundled-simulator\\.ts$'] },
      to: { path: '^simulator/' },
    },
    {
      name: 'cli-does-not-load-the-gateway',
      comment: 'Its commands use modules of src/. Only `start` and `migrate` import a program, on demand.',
      severity: 'error',
      from: { path: '^cli/src/', pathNot: [SPEC, '^cli/src/start/'] },
      to: { path: '^src/[^/]+\\.ts$' },
    },
    {
      name: 'nothing-imports-the-cli',
      comment: 'The gateway and the simulator work without the command line.',
      severity: 'error',
      from: { path: '^(src|simulator)/' },
      to: { path: '^cli/' },
    },
    {
      name: 'client-is-independent',
      comment: 'The client is installed without the gateway.',
      severity: 'error',
      from: { path: '^client/', pathNot: SPEC },
      to: { path: '^(src|simulator|test|bench)/' },
    },
    {
      name: 'client-has-no-dependencies',
      comment: 'Callers install the client alone. The framework of a receiver is an optional peer.',
      severity: 'error',
      from: { path: '^client/', pathNot: [SPEC, '^client/src/receiving/(fastify|nestjs)\\.ts$'] },
      to: { path: 'node_modules' },
    },
    {
      name: 'no-circular',
      comment: 'A cycle has no direction. Type-only imports count: they couple the modules too.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'The file imports nothing and nothing imports it.',
      severity: 'error',
      from: {
        orphan: true,
        path: '^(src|simulator|client|cli/src)/',
        pathNot: [SPEC, '\\.worker\\.ts$', '\\.d\\.ts$'],
      },
      to: {},
    },
    {
      name: 'no-tests-in-src',
      comment: 'The program does not contain its tests.',
      severity: 'error',
      from: { path: '^(src|simulator|client|cli/src)/', pathNot: SPEC },
      to: { path: ['^test/', '^bench/', '^cli/test/', SPEC] },
    },
    {
      name: 'no-dev-dependencies',
      comment: 'Production does not install them (npm ci --omit=dev).',
      severity: 'error',
      from: { path: '^(src|simulator|cli/src)/', pathNot: SPEC },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-undeclared-dependencies',
      comment:
        'package.json declares every imported package. The root declares test tools for all workspaces.',
      severity: 'error',
      from: { path: '^(src|simulator|cli/src)/', pathNot: '^simulator/.*' + SPEC },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-optional'] },
    },
    {
      name: 'resolvable',
      comment: 'An import that does not resolve would escape every other rule.',
      severity: 'error',
      from: { path: '^(src|simulator|client|cli)/' },
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
