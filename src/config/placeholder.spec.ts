import { describe, expect, it } from '@jest/globals';
import { ACME, noFiles, parseAcme, parseServices, problemLines } from '../../test/support/config-problems.js';

describe('placeholders', () => {
  const files: Record<string, string> = {
    '/run/secrets/acme': 'fr0mfile\n',
    '/run/secrets/crlf': 'fr0mfile\r\n',
    '/run/secrets/two': 'a\n\n',
    '/run/secrets/empty': '\n',
  };
  const options = {
    env: { HOST: 'acme.internal', TOKEN: 't0ken', EMPTY: '', NESTED: '${TOKEN}' },
    readFile: (path: string): string => files[path] ?? noFiles(path),
  };
  const tokenOf = (token: string): string | undefined => {
    const { auth } = parseAcme({ auth: { type: 'bearer', token } }, options);
    return auth.type === 'bearer' ? auth.token.reveal() : undefined;
  };

  it('stand anywhere in a text', () => {
    expect(parseAcme({ baseUrl: 'https://${HOST}/${TOKEN}/' }, options).baseUrl).toBe(
      'https://acme.internal/t0ken',
    );
    expect(tokenOf('a-${TOKEN}-b')).toBe('a-t0ken-b');
    expect(parseServices([{ ...ACME, externalService: '${TOKEN}' }], options)[0]?.name).toBe('t0ken');
  });

  it('are files too, without their last line break', () => {
    expect(tokenOf('${file:/run/secrets/acme}')).toBe('fr0mfile');
    expect(tokenOf('${file:/run/secrets/crlf}')).toBe('fr0mfile');
  });

  it('are not looked for in what they bring', () => {
    expect(tokenOf('${NESTED}')).toBe('${TOKEN}');
  });

  it.each([
    ['${MISSING}', 'must be resolvable, but ${MISSING} is not set in the environment'],
    ['${EMPTY}', 'must be resolvable, but ${EMPTY} is not set in the environment'],
    ['${constructor}', 'must be resolvable, but ${constructor} is not set in the environment'],
    ['${file:/nowhere}', 'must be resolvable, but the file /nowhere cannot be read (ENOENT)'],
    ['${file:/run/secrets/empty}', 'must be resolvable, but the file /run/secrets/empty is empty'],
    ['${file:relative}', 'must have ${NAME} or ${file:/absolute/path} as placeholders'],
    ['${hun ter2}', 'must have ${NAME} or ${file:/absolute/path} as placeholders'],
    ['${}', 'must have ${NAME} or ${file:/absolute/path} as placeholders'],
    ['hunter2${TOKEN', 'must close each ${ with a }'],
    [
      '${file:/run/secrets/two}',
      'must be a token of printable ASCII without spaces; got ${file:/run/secrets/two}',
    ],
    ['hun ter2', 'must be a token of printable ASCII without spaces; got ***'],
    ['hun ter2${TOKEN}', 'must be a token of printable ASCII without spaces; got ***${TOKEN}'],
  ])('make %s a problem that shows no secret', (token, detail) => {
    expect(problemLines(() => tokenOf(token))).toEqual([
      `externals.json#/externalServices/0/auth/token: ${detail}`,
    ]);
  });

  it('are all reported', () => {
    expect(problemLines(() => parseAcme({ baseUrl: 'https://${A}/${B}' }))).toHaveLength(2);
  });

  it('never show what they brought, in open texts neither', () => {
    const [line] = problemLines(() => parseAcme({ timeoutMs: 5, baseUrl: 'ftp://${TOKEN}' }, options));
    expect(line).toContain('got "ftp://${TOKEN}"');
    expect(line).not.toContain('t0ken');
  });

  it('keep the credentials of a URL to themselves', () => {
    const [line] = problemLines(() => parseAcme({ baseUrl: 'https://user:hunter2@acme.internal' }));
    expect(line).toContain('got "https://***@acme.internal"');
  });
});
