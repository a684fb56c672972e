import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { parseAcme, problemLines, webhookSecret } from '../../test/support/config-problems.js';
import { loadConfig } from './load-config.js';
import { weaknessOf } from './weak-secrets.js';

const PRODUCTION = {
  NODE_ENV: 'production',
  EXTERNAL_PROVIDERS_CONFIG: '/etc/tollgate/externals.json',
  PAYMENT_CALLBACK_URL: 'https://shop.internal/payments',
  NOTIFICATION_SECRET: webhookSecret(),
  API_KEYS: 'shop:hQ3vN8rT5wZ2yB7kM4pX9c',
  FINGERPRINT_KEY: '6f0c1d2be87a94513c7e0b8da2f6914e5d30c7b98f1a624ee9b0d7531c8af246',
  DATABASE_URL: 'sqlite:/var/lib/tollgate/tollgate.db',
};
const webhook = (text: string): string => `whsec_${Buffer.from(text).toString('base64')}`;

describe('a weak secret', () => {
  it.each([
    ['four digits', '0417'],
    ['21 characters', 'hQ3vN8rT5wZ2yB7kM4pX9'],
    ['change-me', 'change-me-shop-for-the-production'],
    ['changeme', 'ChangeMeChangeMeChangeMe'],
    ['one character', 'x'.repeat(40)],
    ['a repetition', 'abcdef'.repeat(6)],
    ['a sequence', '0123456789:;<=>?@ABCDEF'],
    ['words', 'the-secret-password-of-the-shop'],
    ['the compose file', webhook('tollgate-demo-notification-secret')],
    ['its callback secret', webhook('tollgate-demo-callback-secret!')],
    ['docs/kubernetes.yml', 'whsec_Y2hhbmdlLW1lLWNoYW5nZS1tZS1jaGFuZ2UtbWU='],
    ['a key of zeros', '00'.repeat(32)],
    ['a key that counts', Buffer.from(Array.from({ length: 32 }, (_, i) => i)).toString('hex')],
    ['a key of words', Buffer.from('please change me please, change me').toString('base64')],
  ])('%s', (_name, secret) => {
    expect(weaknessOf(secret)).toMatch(
      /^must (have at least 22 characters|not be a placeholder or an example)$/,
    );
  });

  it('is none that is random, in any of the usual forms', () => {
    for (let round = 0; round < 2_000; round += 1) {
      const bytes = randomBytes(32);
      const forms = [bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url')];
      const secrets = [
        ...forms,
        `whsec_${forms[1]}`,
        `sk_live_${forms[2]}`,
        bytes.toString('hex').slice(0, 22),
      ];
      expect(secrets.filter((secret) => weaknessOf(secret) !== undefined)).toEqual([]);
    }
  });
});

describe('in production', () => {
  const problemsOf = (env: object): string[] => problemLines(() => loadConfig({ ...PRODUCTION, ...env }));

  it.each([
    ['API_KEYS', 'shop:change-me-shop:payments,erp:0417:admin', 2],
    ['NOTIFICATION_SECRET', webhook('change-me-change-me-change-me'), 1],
    ['NOTIFICATION_SECRET', `${webhookSecret()} ${webhook('tollgate-demo-notification-secret')}`, 1],
    ['FINGERPRINT_KEY', 'ab'.repeat(32), 1],
  ])('%s may not be weak: one line each, without the secret', (name, text, count) => {
    const problems = problemsOf({ [name]: text });
    expect(problems).toHaveLength(count);
    for (const problem of problems) {
      expect(problem).toMatch(new RegExp(`^${name}: .*must .* when NODE_ENV=production; got \\*\\*\\*$`));
    }
    for (const secret of text.split(/[ :,]/).filter((part) => part.length > 10 || /^\d/.test(part)))
      expect(problems.join()).not.toContain(secret);
  });

  it('names the key by its name', () => {
    expect(problemsOf({ API_KEYS: 'shop:hQ3vN8rT5wZ2yB7kM4pX9c,erp:0417:admin' })).toEqual([
      'API_KEYS: the secret of erp must have at least 22 characters when NODE_ENV=production; got ***',
    ]);
  });

  it('callbackAuth may not be weak; auth, which an external has issued, may', () => {
    const strict = { production: true };
    const auth = { type: 'bearer', token: 'abc' };
    expect(parseAcme({ auth, callbackAuth: { type: 'none' } }, strict).auth.type).toBe('bearer');
    expect(parseAcme({ callbackAuth: auth }).callbackAuth.type).toBe('bearer');
    const weak = [
      auth,
      { type: 'basic', username: 'u', password: 'abcabcabcabcabcabcabcabcabc' },
      { type: 'standard-webhooks', secret: webhook('change-me-change-me-change-me') },
    ];
    for (const callbackAuth of weak) {
      const problems = problemLines(() => parseAcme({ callbackAuth }, strict));
      expect(problems).toEqual([
        expect.stringMatching(
          /^externals\.json#\/externalServices\/0\/callbackAuth\/(token|password|secret): must .*; got \*\*\*$/,
        ),
      ]);
    }
  });
});

describe('FINGERPRINT_KEY', () => {
  const hex = PRODUCTION.FINGERPRINT_KEY;
  const other = Buffer.from(Buffer.from(hex, 'hex').toReversed());
  const keysOf = (text: string): string[] =>
    loadConfig({ FINGERPRINT_KEY: text }).fingerprintKeys.map((secret) => secret.reveal());

  it.each([
    ['64 hex digits', hex],
    ['capital ones', hex.toUpperCase()],
    ['base64 of 32 bytes', other.toString('base64')],
    ['without padding', other.toString('base64').replace(/=+$/, '')],
    ['base64url of more', randomBytes(48).toString('base64url')],
    ['two', `${hex} ${other.toString('base64')}`],
  ])('may be %s', (_name, text) => {
    expect(keysOf(text)).toEqual(text.split(' '));
  });

  it.each([
    ['63 hex digits', hex.slice(1)],
    ['base64 of 31 bytes', randomBytes(31).toString('base64')],
    ['three', `${hex} ${other.toString('hex')} ${'ab'.repeat(32)}`],
    ['the same twice', `${hex} ${hex.toUpperCase()}`],
    ['no base64', 'ä'.repeat(60)],
  ])('may not be %s', (_name, text) => {
    const [problem, ...others] = problemLines(() => loadConfig({ FINGERPRINT_KEY: text }));
    expect(problem).toMatch(/^FINGERPRINT_KEY: must be one key, .*; got \*\*\*/);
    expect(others).toEqual([]);
  });
});
