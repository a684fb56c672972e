/** ESM by `node --experimental-vm-modules`; swc because esbuild drops decorator metadata (DESIGN). */
export default {
  rootDir: '.',
  testMatch: [
    '<rootDir>/src/**/*.spec.ts',
    '<rootDir>/simulator/src/**/*.spec.ts',
    '<rootDir>/console/src/**/*.spec.ts',
    '<rootDir>/cli/**/*.spec.ts',
    '<rootDir>/client/src/**/*.spec.ts',
    '<rootDir>/test/**/*.spec.ts',
  ],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    // tests need no build
    '^@tollgate/simulator$': '<rootDir>/simulator/src/simulator.ts',
    '^@tollgate/client$': '<rootDir>/client/src/index.ts',
    '^@tollgate/client/(express|fastify|nestjs)$': '<rootDir>/client/src/receiving/$1.ts',
  },
  setupFiles: ['<rootDir>/test/support/setup.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          target: 'es2024',
          keepClassNames: true,
        },
        module: { type: 'es6' },
      },
    ],
  },
  testTimeout: 20_000,
  maxWorkers: 2,
  // With ESM, Jest keeps the modules of every suite that a worker has run: some 15 MB each, 1 GB in the end, which Node takes
  // longer to free than the half second that Jest leaves a worker to exit.
  workerIdleMemoryLimit: '400MB',
};
