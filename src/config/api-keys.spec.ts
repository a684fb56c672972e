import { describe, expect, it } from '@jest/globals';
import { problemLines } from '../../test/support/config-problems.js';
import { loadConfig } from './load-config.js';

describe('API_KEYS', () => {
  it('gives every scope but admin where none is said', () => {
    const { keys } = loadConfig({ API_KEYS: 'shop:one, ops:two:read+admin ,erp:three:refunds' }).callers;
    expect(keys.map(({ name, secret, scopes }) => [name, secret.reveal(), scopes])).toEqual([
      ['shop', 'one', ['payments', 'refunds', 'subscriptions', 'read']],
      ['ops', 'two', ['read', 'admin']],
      ['erp', 'three', ['refunds']],
    ]);
  });

  it.each([
    ['shop', 'key 1: no colon'],
    ['shop:', 'key 1: not a secret after the colon'],
    [':secret', 'key 1: not a name before the colon'],
    ['shop:se cret', 'key 1: not a secret after the colon'],
    ['shop:secret:', 'key 1: not a scope after the second colon'],
    ['shop:secret:write', 'key 1: not a scope after the second colon'],
    ['shop:secret:read+', 'key 1: not a scope after the second colon'],
    ['shop:secret:read:x', 'key 1: more than two colons'],
    ['shop:secret,', 'key 2: no colon'],
    ['shop:secret,shop:other', 'key 2: its name is taken'],
    ['shop:secret,erp:secret', 'key 2: its secret is taken'],
    [`${'n'.repeat(65)}:secret`, 'key 1: not a name before the colon'],
  ])('refuses %s without showing it', (text, reason) => {
    expect(problemLines(() => loadConfig({ API_KEYS: text }))).toEqual([
      expect.stringMatching(new RegExp(`; got \\*\\*\\* \\(${reason}\\)$`)),
    ]);
  });
});
