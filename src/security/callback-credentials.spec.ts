import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import type { CallbackAuthConfig } from '../config/external-config.js';
import { Secret } from '../sensitive/secret.js';
import { equaliseWork, NOBODYS, refusalOf } from './callback-credentials.js';

const NOW_MS = 1_800_000_000_000;
const BODY = Buffer.alloc(130_000, 32);
const secret = (): Secret => new Secret(`whsec_${randomBytes(32).toString('base64')}`);
const password = new Secret(randomBytes(24).toString('base64url'));

const AUTHS: readonly CallbackAuthConfig[] = [
  NOBODYS,
  { type: 'bearer', token: password },
  { type: 'basic', username: 'acme', password },
  { type: 'standard-webhooks', secrets: [secret()] },
  { type: 'standard-webhooks', secrets: [secret(), secret()] },
];

type CallbackRequest = IncomingMessage & { readonly originalUrl: string };

function requestWith(headers: Record<string, string>): CallbackRequest {
  const headersDistinct = Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, [text]]));
  const request = { method: 'POST', originalUrl: '/v3/acme/callback', headers, headersDistinct };
  return request as unknown as CallbackRequest;
}

describe('a refused callback', () => {
  it.each<[string, Record<string, string>, Buffer]>([
    [
      'a forged signature',
      {
        'webhook-id': 'm1',
        'webhook-timestamp': String(NOW_MS / 1_000),
        'webhook-signature': `v1,${'A'.repeat(43)}=`,
      },
      BODY,
    ],
    ['a long token', { authorization: `Bearer ${'x'.repeat(1_000_000)}` }, Buffer.alloc(0)],
    ['a long password', { authorization: `Basic ${btoa(`acme:${'x'.repeat(1_000_000)}`)}` }, Buffer.alloc(0)],
  ])('takes the same work for each external: %s', (_what, headers, body) => {
    const shortestMs = AUTHS.map(() => Number.POSITIVE_INFINITY);
    for (let round = 0; round < 40; round += 1) {
      for (const [each, auth] of AUTHS.entries()) {
        const request = requestWith(headers);
        const startedAt = performance.now();
        expect(refusalOf(auth, request, body, NOW_MS)).toBeDefined();
        equaliseWork(auth, request, body, NOW_MS);
        shortestMs[each] = Math.min(shortestMs[each]!, performance.now() - startedAt);
      }
    }
    expect(Math.max(...shortestMs) / Math.min(...shortestMs)).toBeLessThan(1.4);
  });
});
