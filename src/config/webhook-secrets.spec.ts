import { describe, expect, it } from '@jest/globals';
import { problemLines, webhookSecret } from '../../test/support/config-problems.js';
import { loadConfig } from './load-config.js';

const SECRET = webhookSecret();
const OTHER_SECRET = webhookSecret(24);

function secretsOf(text: string): readonly string[] {
  return loadConfig({ NOTIFICATION_SECRET: text }).notifications.secrets.map((secret) => secret.reveal());
}

describe('NOTIFICATION_SECRET', () => {
  it('is one, or two while a key is rotated', () => {
    expect(secretsOf(SECRET)).toEqual([SECRET]);
    expect(secretsOf(`${SECRET} ${OTHER_SECRET}`)).toEqual([SECRET, OTHER_SECRET]);
  });

  it.each([24, 64])('may have a key of %i bytes', (bytes) => {
    expect(secretsOf(webhookSecret(bytes))).toHaveLength(1);
  });

  it.each([
    ['23 bytes', webhookSecret(23)],
    ['65 bytes', webhookSecret(65)],
    ['no prefix', Buffer.alloc(32, 7).toString('base64')],
    ['base64url', `whsec_${Buffer.alloc(32, 0xff).toString('base64url')}`],
    ['three of them', `${SECRET} ${OTHER_SECRET} ${webhookSecret(30)}`],
    ['the same twice', `${SECRET} ${SECRET}`],
    ['a comma between two', `${SECRET},${OTHER_SECRET}`],
  ])('refuses %s and does not show it', (_name, text) => {
    const [problem] = problemLines(() => loadConfig({ NOTIFICATION_SECRET: text }));
    expect(problem).toMatch(/^NOTIFICATION_SECRET: must be one signing secret.*got \*\*\*$/);
  });
});
