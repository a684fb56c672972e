import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

/** [what it imports, who does, the rule against it]. Each line is one file of its own in a project of its own. */
const FORBIDDEN = [
  ['config imports a feature', 'src/config/a.ts', '../payments/x.js', 'module-config'],
  ['security imports a feature', 'src/security/a.ts', '../operations/x.js', 'module-security'],
  ['observability imports a feature', 'src/observability/a.ts', '../payments/x.js', 'module-observability'],
  [
    'persistence imports a feature',
    'src/persistence/a.ts',
    '../payments/payment.table.js',
    'module-persistence',
  ],
  ['http imports a feature', 'src/http/a.ts', '../operations/x.js', 'module-http'],
  ['the rules import anything but shared and sensitive', 'src/rules/a.ts', '../http/x.js', 'module-rules'],
  ['shared imports a module', 'src/shared/a.ts', '../config/x.js', 'module-shared'],
  ['providers imports a feature', 'src/providers/a.ts', '../operations/x.js', 'module-providers'],
  ['operations imports a feature above it', 'src/operations/a.ts', '../payments/x.js', 'module-operations'],
  ['notifications imports a feature', 'src/notifications/a.ts', '../payments/x.js', 'module-notifications'],
  ['payments imports subscriptions', 'src/payments/a.ts', '../subscriptions/x.js', 'module-payments'],
  ['payments imports callbacks', 'src/payments/b.ts', '../callbacks/x.js', 'module-payments'],
  [
    'the simulator imports the gateway',
    'simulator/src/a.ts',
    '../../src/shared/x.js',
    'simulator-is-independent',
  ],
  [
    'a module imports the simulator',
    'src/payments/c.ts',
    '../../simulator/src/x.js',
    'simulator-starts-in-one-place',
  ],
  ['the client imports the gateway', 'client/src/a.ts', '../../src/shared/x.js', 'client-is-independent'],
  ['the client imports a package', 'client/src/b.ts', 'library', 'client-has-no-dependencies'],
  ['the simulator imports a development tool', 'simulator/src/b.ts', 'dev-tool', 'no-dev-dependencies'],
  [
    'a module imports the wiring',
    'src/payments/d.ts',
    '../app.module.js',
    'modules-do-not-import-the-wiring',
  ],
  ['a module is not entered in the table', 'src/unheard-of/a.ts', '../shared/x.js', 'known-module'],
  ['src imports a test', 'src/payments/e.ts', '../../test/x.js', 'no-tests-in-src'],
  ['src imports a development tool', 'src/payments/f.ts', 'dev-tool', 'no-dev-dependencies'],
  ['src imports an undeclared package', 'src/payments/g.ts', 'stowaway', 'no-undeclared-dependencies'],
  ['an import leads nowhere', 'src/payments/h.ts', './nowhere.js', 'resolvable'],
] as const;

const IMPORTED = [
  ...['callbacks', 'config', 'http', 'operations', 'payments', 'providers', 'shared', 'subscriptions'].map(
    (module) => `src/${module}/x.ts`,
  ),
  'simulator/src/x.ts',
  'src/app.module.ts',
  'src/operations/operation.table.ts',
  'src/payments/payment.table.ts',
  'src/sensitive/secret.ts',
  'test/x.ts',
];

/** The one file below the features that may import their row types. */

const ALLOWED: [from: string, content: string][] = [
  ['src/payments/i.ts', "import { x } from '../operations/x.js';"],
  ['src/payments/i.spec.ts', "import { x } from '../subscriptions/x.js'; import { y } from 'dev-tool';"],
  ['src/payments/j.ts', "import { x } from 'library';"],
  ['src/bundled-simulator.ts', "import { x } from '../simulator/src/x.js';"],
  ['simulator/src/c.ts', "import { x } from './x.js'; import { y } from 'library';"],
  ['src/config/b.ts', "import { x } from '../sensitive/secret.js';"],
];

describe('import directions', () => {
  let root: string;
  let violations: string[];

  const write = (path: string, content: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'tollgate-imports-'));
    for (const file of ['.dependency-cruiser.cjs', 'tsconfig.json']) cpSync(file, join(root, file));
    const manifest = {
      type: 'module',
      dependencies: { library: '1.0.0' },
      devDependencies: { 'dev-tool': '1.0.0' },
    };
    write('package.json', JSON.stringify(manifest));
    for (const name of ['library', 'dev-tool', 'stowaway']) {
      write(
        `node_modules/${name}/package.json`,
        JSON.stringify({ name, version: '1.0.0', main: 'index.js' }),
      );
      write(`node_modules/${name}/index.js`, 'exports.x = exports.y = 1;');
    }
    for (const path of IMPORTED) write(path, 'export const x = 1;');
    for (const [, from, to] of FORBIDDEN) write(from, `import { x } from '${to}'; console.log(x);`);
    for (const [path, content] of ALLOWED) write(path, content);
    write('src/payments/lonely.ts', 'export {};');
    write('src/payments/egg.ts', "import './hen.js';");
    write('src/payments/hen.ts', "import './egg.js';");
    const lines = cruise().matchAll(/error ([\w-]+): (\S+)/g);
    violations = [...lines].map(([, rule, from]) => `${from}: ${rule}`);
  });

  afterAll(() => rmSync(root, { recursive: true, force: true }));

  /** The output of `npm run imports`; throws if the check passes. */
  function cruise(): string {
    const args = [
      resolve('node_modules/.bin/depcruise'),
      'src',
      'simulator/src',
      'client/src',
      '--config',
      '.dependency-cruiser.cjs',
    ];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    if (status === 0 || stderr) throw new Error(`exit code ${status}: ${stderr || stdout}`);
    return stdout;
  }

  it.each(FORBIDDEN)('refuses that %s', (_what, from, _to, rule) => {
    expect(violations).toContain(`${from}: ${rule}`);
  });

  it('refuses a cycle and a file that nothing imports', () => {
    expect(violations).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/(egg|hen)\.ts: no-circular/),
        'src/payments/lonely.ts: no-orphans',
      ]),
    );
  });

  it.each(ALLOWED)('allows %s', (from) => {
    expect(violations.filter((violation) => violation.startsWith(`${from}:`))).toEqual([]);
  });

  it('has a row for each module in docs/architecture.md', () => {
    const modules = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const document = readFileSync('docs/architecture.md', 'utf8');
    const named = [...document.matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name);
    expect(named).toEqual(expect.arrayContaining(modules.map(({ name }) => name)));
  });
});
