/**
 * The direction of imports between the rooms of src/ (docs/adr/0002-rooms.md): `npm run imports`.
 *
 * Each room lists what it may import besides itself: a room, or single files of one. What is not listed is forbidden,
 * so a new room is forbidden everything until it is entered here.
 */

/** No feature among them: they serve every room. */
const FOUNDATIONS = ['shared', 'contract', 'config', 'persistence', 'security', 'http', 'observability'];

const SIGNER = ['security/standard-webhooks', 'security/secret'];
const REQUESTS_AND_ANSWERS = [
  'payments/payment-requests',
  'subscriptions/subscription-requests',
  'providers/answers',
  'providers/operation',
];

/** @type {Record<string, readonly string[]>} */
const MAY_IMPORT = {
  shared: [],
  contract: ['shared', 'security/card-network', 'security/card-number'],
  config: ['shared', 'security/secret', 'security/standard-webhooks'],
  persistence: ['shared', 'config'],
  security: ['shared', 'config', 'persistence', 'http'],
  http: [
    'shared',
    'contract',
    'config',
    'persistence/store',
    'security/scope',
    'security/card-number',
    'security/card-network',
    'security/secret',
  ],
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
  simulator: ['shared', 'contract', ...SIGNER, ...REQUESTS_AND_ANSWERS],
};

const SPEC = '\\.spec\\.ts$';

/** `security` allows the room, `security/secret` only that file. */
const asPattern = (allowed) => (allowed.includes('/') ? `^src/${allowed}\\.ts$` : `^src/${allowed}/`);

const roomRules = Object.entries(MAY_IMPORT).map(([room, allowed]) => ({
  name: `room-${room}`,
  comment: `src/${room}/ may import ${allowed.length > 0 ? allowed.join(', ') : 'no other room'} (docs/adr/0002-rooms.md).`,
  severity: 'error',
  from: { path: `^src/${room}/`, pathNot: [SPEC, '^src/persistence/database\\.ts$'] },
  to: { path: '^src/', pathNot: [room, ...allowed].map(asPattern) },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...roomRules,
    {
      name: 'database-types-only',
      comment:
        'persistence/database.ts composes the row types of the rooms, and takes nothing else from them.',
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
      name: 'known-room',
      comment: 'A new folder of src/ is entered in MAY_IMPORT first.',
      severity: 'error',
      from: { path: `^src/(?!(${Object.keys(MAY_IMPORT).join('|')})/)[^/]+/` },
      to: {},
    },
    {
      name: 'rooms-do-not-import-the-wiring',
      comment: 'main, start, create-app and app.module put the rooms together; no room knows them.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: SPEC },
      to: { path: '^src/[^/]+\\.ts$' },
    },
    {
      name: 'no-circular',
      comment: 'A cycle has no direction. Type-only imports count: they tie the rooms just the same.',
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
