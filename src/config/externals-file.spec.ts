import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ACME,
  parseAcme,
  parseServices,
  parseText,
  problemLines,
} from '../../test/support/config-problems.js';
import { readExternalsFile, readTextFile } from './externals-file.js';

const pemFile = (): string => 'PEM';

describe('parseExternals', () => {
  it('returns deeply frozen objects', () => {
    const externals = parseAcme({ callbackAllowedIps: ['::1'], operations: { pay: true } });
    for (const part of [externals, externals.auth, externals.operations, externals.callbackAllowedIps]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it('reports five problems in five lines', () => {
    const services = [
      { ...ACME, baseUrl: 'ftp://acme.internal' },
      { ...ACME, auth: { type: 'bearer', token: '${ACME_TOKEN}' } },
      { externalService: 'Globex', baseUrl: 'https://globex.internal', retries: 3 },
    ];
    const lines = problemLines(() => parseServices(services));
    expect(lines).toEqual([
      'externals.json#/externalServices/0/baseUrl: must be an absolute http(s) URL without credentials, query and fragment; got "ftp://acme.internal"',
      'externals.json#/externalServices/1/auth/token: must be resolvable, but ${ACME_TOKEN} is not set in the environment',
      expect.stringMatching(
        /^externals\.json#\/externalServices\/2\/retries: must not be here; known keys: externalService, /,
      ),
      'externals.json#/externalServices/2/externalService: must be 1 to 64 of a-z 0-9 - _; got "Globex"',
      'externals.json#/externalServices/1/externalService: must be unique; got "acme", as at /externalServices/0',
    ]);
  });

  it.each<[string, string, string]>([
    ['no JSON object', '[]', '#: must be an object; got an array'],
    ['null', 'null', '#: must be an object; got null'],
    ['nothing', '', '#: must be JSON; at line 1, column 1, a value was expected'],
    ['no services', '{}', '#/externalServices: must be a non-empty array of external services; got nothing'],
    [
      'no service',
      '{"externalServices":[]}',
      '#/externalServices: must be a non-empty array of external services; got an empty array',
    ],
    [
      'services by name',
      '{"externalServices":{}}',
      '#/externalServices: must be a non-empty array of external services; got an object',
    ],
    [
      'no service object',
      '{"externalServices":["acme"]}',
      '#/externalServices/0: must be an object; got "acme"',
    ],
    [
      'a prototype',
      `{"__proto__":{},"externalServices":[${JSON.stringify(ACME)}]}`,
      '#/__proto__: must not be here; known keys: externalServices',
    ],
    [
      'a syntax error',
      '{\n  "externalServices": [\n    { "token": hunter2 }\n  ]\n}',
      '#: must be JSON; at line 3, column 16, a value was expected',
    ],
    ['a missing comma', '{"a":1 "b":2}', '#: must be JSON; at line 1, column 8, "," or "}" was expected'],
    [
      'an end too early',
      '{"externalServices": [',
      '#: must be JSON; at line 1, column 23, a value or "]" was expected',
    ],
    ['too much', ' '.repeat(1_048_577), '#: must be at most 1048576 characters long; got 1048577'],
  ])('refuses %s', (_name, text, line) => {
    expect(problemLines(() => parseText(text))).toEqual([`externals.json${line}`]);
  });

  it('refuses a key given twice, which JSON.parse would not', () => {
    const text =
      '{"externalServices":[{"externalService":"acme","baseUrl":"http://a","baseUrl":"http://b"}]}';
    expect(problemLines(() => parseText(text))).toEqual([
      'externals.json#/externalServices/0/baseUrl: must be given once; got it twice',
    ]);
  });

  it('refuses __proto__ at every level', () => {
    const text = `{"externalServices":[{"externalService":"acme","baseUrl":"http://a","__proto__":{"timeoutMs":1},
      "auth":{"type":"none","__proto__":1},"operations":{"__proto__":true},"circuitBreaker":{"__proto__":{"failures":1}}}]}`;
    expect(problemLines(() => parseText(text)).map((line) => line.split(': ')[0])).toEqual([
      'externals.json#/externalServices/0/__proto__',
      'externals.json#/externalServices/0/auth/__proto__',
      'externals.json#/externalServices/0/operations/__proto__',
      'externals.json#/externalServices/0/circuitBreaker/__proto__',
    ]);
  });

  it('ignores a byte order mark', () => {
    expect(parseText(`\uFEFF${JSON.stringify({ externalServices: [ACME] })}`)).toHaveLength(1);
  });
});

describe('ENABLED_PROVIDERS', () => {
  const services = [ACME, { externalService: 'globex', baseUrl: 'https://${GLOBEX}/', timeoutMs: 7 }];

  it('picks externals, in the order of the file', () => {
    const env = { GLOBEX: 'globex.internal' };
    const names = parseServices(services, { env, enabled: ['globex', 'acme'] }).map(({ name }) => name);
    expect(names).toEqual(['acme', 'globex']);
    expect(parseServices(services, { env, enabled: ['globex'] })).toHaveLength(1);
  });

  it('does not require secrets of the others, but checks all other rules', () => {
    expect(parseServices(services, { enabled: ['acme'] })).toHaveLength(1);
    const wrong = [services[0], { ...services[1], timeoutMs: 0 }];
    expect(problemLines(() => parseServices(wrong, { enabled: ['acme'] }))).toEqual([
      'externals.json#/externalServices/1/timeoutMs: must be an integer from 1 to 600000; got 0',
    ]);
  });

  it('must be in the file', () => {
    expect(problemLines(() => parseServices([ACME], { enabled: ['acme', 'globex', 'initech'] }))).toEqual([
      'externals.json#/externalServices: must have every external of ENABLED_PROVIDERS; got none named globex, initech',
    ]);
  });

  it('are not reported as missing while a name is not valid', () => {
    const lines = problemLines(() =>
      parseServices([{ ...ACME, externalService: 'Acme' }], { enabled: ['acme'] }),
    );
    expect(lines).toEqual([
      'externals.json#/externalServices/0/externalService: must be 1 to 64 of a-z 0-9 - _; got "Acme"',
    ]);
  });
});

describe('rules about several keys', () => {
  it('require https for client certificates', () => {
    const auth = { type: 'mtls', certFile: '/c', keyFile: '/k' };
    expect(parseAcme({ auth }, { readFile: pemFile }).auth).toEqual({ ...auth, caFile: undefined });
    expect(
      problemLines(() => parseAcme({ auth, baseUrl: 'http://acme.internal' }, { readFile: pemFile })),
    ).toEqual([
      'externals.json#/externalServices/0/baseUrl: must be an https URL where auth.type is mtls; got an http URL',
    ]);
  });

  it('require signed callbacks where their status is trusted', () => {
    const callbackAuth = { type: 'bearer', token: 't' };
    expect(problemLines(() => parseAcme({ callbackAuth, callbackStatus: 'trusted' }))).toEqual([
      'externals.json#/externalServices/0/callbackStatus: must be left out unless callbackAuth.type is standard-webhooks: only its signature covers the body; got trusted',
    ]);
  });

  it('require readable files for mtls', () => {
    const auth = { type: 'mtls', certFile: '/c', keyFile: '/k', caFile: '/a' };
    expect(problemLines(() => parseAcme({ auth }))).toEqual(
      ['certFile', 'keyFile', 'caFile'].map(
        (key) =>
          `externals.json#/externalServices/0/auth/${key}: must be a file that can be read; got ENOENT`,
      ),
    );
  });

  it('require callbackAuth where REQUIRE_CALLBACK_AUTH=true', () => {
    const options = { requireCallbackAuth: true };
    expect(problemLines(() => parseAcme({}, options))).toEqual([
      'externals.json#/externalServices/0/callbackAuth: must be configured where REQUIRE_CALLBACK_AUTH=true; got none',
    ]);
    expect(problemLines(() => parseAcme({ callbackAuth: { type: 'bearer', token: 'x' } }, options))).toEqual(
      [],
    );
  });
});

describe('in production, externals', () => {
  const production = { production: true };

  it.each([
    ['bearer', { type: 'bearer', token: 'hQ3vN8rT5wZ2yB7kM4pX9c' }],
    ['none', { type: 'none' }],
  ])('may say their callbackAuth as %s', (_type, callbackAuth) => {
    expect(problemLines(() => parseAcme({ callbackAuth }, production))).toEqual([]);
  });

  it('must say it, in one line that names them', () => {
    expect(problemLines(() => parseAcme({}, production))).toEqual([
      'externals.json#/externalServices/0/callbackAuth: must say in production how callbacks of the external acme are ' +
        'authenticated, or { "type": "none" } to take them from anyone; got nothing',
    ]);
    expect(problemLines(() => parseAcme({ callbackAuth: null }, production))).toHaveLength(1);
    expect(problemLines(() => parseAcme({ callbackAuth: {} }, production))).toHaveLength(1);
  });
});

describe('readExternalsFile', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tollgate-externals-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('reads the file, and those that it names', () => {
    const secret = join(folder, 'token');
    const path = join(folder, 'externals.json');
    writeFileSync(secret, 't0ken\n');
    const service = { ...ACME, auth: { type: 'bearer', token: `\${file:${secret}}` } };
    writeFileSync(path, JSON.stringify({ externalServices: [service] }));
    const files: string[] = [];
    const externals = readExternalsFile({ kind: 'file', path, enabled: undefined }, {}, (file) => {
      files.push(file);
      return readTextFile(file);
    });
    expect(externals[0]?.auth).toMatchObject({ type: 'bearer' });
    expect(files).toEqual([path, secret]);
  });

  it('names the file that has the problems', () => {
    const path = join(folder, 'broken.json');
    writeFileSync(path, '{');
    expect(problemLines(() => readExternalsFile({ kind: 'file', path, enabled: undefined }, {}))).toEqual([
      `${path}#: must be JSON; at line 1, column 2, a member name or "}" was expected`,
    ]);
  });

  it('reports a missing file', () => {
    const path = join(folder, 'nowhere.json');
    expect(problemLines(() => readExternalsFile({ kind: 'file', path, enabled: undefined }, {}))).toEqual([
      `${path}#: must be a file that can be read; got ENOENT`,
    ]);
  });
});
