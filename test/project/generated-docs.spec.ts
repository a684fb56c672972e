import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { generatedDocs, moduleDiagram, modulesIn } from '../../scripts/generated-docs.js';

describe('generated documents', () => {
  let expected: Readonly<Record<string, string>>;

  beforeAll(async () => {
    expected = await generatedDocs();
  });

  const documents = [
    'client/src/generated/openapi.ts',
    'docs/architecture.md',
    'docs/calling-tollgate.md',
    'docs/openapi.json',
    'docs/receiving-notifications.md',
  ];

  it('are these', () => {
    expect(Object.keys(expected).toSorted()).toEqual(documents);
  });

  it.each(documents)('%s is current: npm run docs:write', (path) => {
    expect(readFileSync(path, 'utf8')).toBe(expected[path]);
  });
});

describe('the diagram of modules', () => {
  it('is in docs/architecture.md', () => {
    expect(readFileSync('docs/architecture.md', 'utf8')).toMatch(/```mermaid\nflowchart TD\n {2}\w+ --> /);
  });

  it('contains the allowed imports without those that follow from others', () => {
    const rules = [
      { name: 'module-base', to: { pathNot: ['^src/base/'] } },
      { name: 'module-middle', to: { pathNot: ['^src/middle/', '^src/base/'] } },
      {
        name: 'module-top',
        to: { pathNot: ['^src/top/', '^src/base/', '^src/middle/', '^src/base/file\\.ts$'] },
      },
      { name: 'no-circular', to: {} },
    ];
    expect(moduleDiagram(modulesIn(rules))).toBe('flowchart TD\n  middle --> base\n  top --> middle');
  });
});
