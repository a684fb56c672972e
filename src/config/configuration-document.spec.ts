import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { parseServices, parseText, problemLines, webhookSecret } from '../../test/support/config-problems.js';
import { OPERATION_NAMES } from './external-operation.js';
import { VARIABLES } from './variables.js';

const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

/** First cell, without its backticks, to second cell, of every table row. */
const rows = new Map(
  [...page.matchAll(/^\| *`([^`]+)` *\|([^|]+)\|/gm)].map(([, name, cell]) => [name, cell!.trim()]),
);

/** First cell, without its backticks, to all cells after it. */
const meanings = new Map(
  [...page.matchAll(/^\| *`([^`]+)` *\|(.*)$/gm)].map(([, name, cells]) => [name, cells]),
);

describe('docs/configuration.md', () => {
  it.each(Object.entries(VARIABLES))('has %s with its default', (name, { default: text }) => {
    const words = name === 'API_AUTH' ? '`required` when `NODE_ENV=production`, else `optional`' : 'not set';
    expect(rows.get(name)).toBe(text === undefined ? words : `\`${text}\``);
  });

  const schemas = Object.entries(VARIABLES).map(([name, { rule }]) => [name, rule.schema] as const);

  it.each(schemas.filter(([, schema]) => 'minimum' in schema))('has the range of %s', (name, schema) => {
    expect(meanings.get(name)).toContain(`${String(schema['minimum'])} to ${String(schema['maximum'])}`);
  });

  it.each(schemas.filter(([, schema]) => 'enum' in schema))('has every value of %s', (name, schema) => {
    for (const value of schema['enum'] as string[]) expect(meanings.get(name)).toContain(`\`${value}\``);
  });

  it('has no variable that is not read', () => {
    const named = [...rows.keys()].filter((name) => /^[A-Z_]+$/.test(name!));
    expect(new Set(named)).toEqual(new Set(Object.keys(VARIABLES)));
  });

  it('shows an externals file that is valid', () => {
    const example = /```json\n(.*?)```/s.exec(page)?.[1] ?? '';
    const options = { env: { ACME_TOKEN: 'x' }, readFile: () => webhookSecret() };
    expect(problemLines(() => parseText(example, options))).toEqual([]);
  });

  it('has every key of an external, and the defaults that there are', () => {
    const [line] = problemLines(() => parseServices([{ externalService: 'a', baseUrl: 'http://a', x: 1 }]));
    const keys = line!.split('known keys: ')[1]!.split(', ');
    expect(keys).toContain('circuitBreaker');
    const required = { externalService: 'a', baseUrl: 'http://a' };
    const defaults: Record<string, unknown> = { ...parseServices([required])[0] };
    for (const key of keys) {
      const cell = rows.get(key) ?? '';
      if (key in required) expect([key, cell]).toEqual([key, 'required']);
      else if (cell.startsWith('`'))
        expect([key, JSON.parse(cell.slice(1, -1))]).toEqual([key, defaults[key]]);
      else expect([key, cell]).toEqual([key, expect.stringMatching(/^(any address|all on|not set)$/)]);
    }
  });

  it('names every operation', () => {
    for (const name of OPERATION_NAMES) expect(page).toContain(`\`${name}\``);
  });
});
