import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { Secret } from '../sensitive/secret.js';
import {
  decodeWebhookSecret,
  signWebhook,
  verifyWebhook,
  type WebhookToVerify,
} from './standard-webhooks.js';

const KNOWN = {
  secret: new Secret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'),
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestampS: 1614265330,
  body: '{"test": 2432232314}',
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};

const secretOf = (bytes: Uint8Array) => new Secret(`whsec_${Buffer.from(bytes).toString('base64')}`);
const other = secretOf(Buffer.alloc(32, 7));

function received(changes: Partial<WebhookToVerify> = {}): WebhookToVerify {
  return {
    id: KNOWN.id,
    timestamp: String(KNOWN.timestampS),
    signature: KNOWN.signature,
    body: Buffer.from(KNOWN.body),
    secrets: [KNOWN.secret],
    nowMs: KNOWN.timestampS * 1_000,
    ...changes,
  };
}

describe('signWebhook', () => {
  it('gives the known answer of the specification', () => {
    expect(signWebhook({ ...KNOWN, secrets: [KNOWN.secret] })).toBe(KNOWN.signature);
  });

  it('signs once with each secret while a key is rotated', () => {
    const header = signWebhook({ ...KNOWN, secrets: [KNOWN.secret, other] });
    expect(header.split(' ')).toHaveLength(2);
    expect(header.split(' ')[0]).toBe(KNOWN.signature);
    for (const secret of [KNOWN.secret, other]) {
      expect(verifyWebhook(received({ signature: header, secrets: [secret] }))).toEqual({ ok: true });
    }
  });

  it.each([
    ['an id with a full stop', { id: 'a.1' }],
    ['an empty id', { id: '' }],
    ['an id with a line break', { id: 'a\r\nx: y' }],
    ['a fraction of a second', { timestampS: 1614265330.5 }],
    ['no time', { timestampS: Number.NaN }],
    ['no secret', { secrets: [] }],
    ['a secret without its prefix', { secrets: [new Secret('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')] }],
  ])('refuses to sign %s', (_, changes) => {
    expect(() => signWebhook({ ...KNOWN, secrets: [KNOWN.secret], ...changes })).toThrow(TypeError);
  });
});

describe('verifyWebhook', () => {
  it('accepts what was signed, by any of the secrets, among signatures of other versions and keys', () => {
    expect(verifyWebhook(received())).toEqual({ ok: true });
    expect(verifyWebhook(received({ secrets: [other, KNOWN.secret] }))).toEqual({ ok: true });
    const many = `v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg== v1,AAAA ${KNOWN.signature}`;
    expect(verifyWebhook(received({ signature: many }))).toEqual({ ok: true });
    expect(verifyWebhook(received({ signature: [KNOWN.signature] }))).toEqual({ ok: true });
  });

  it.each<[string, Partial<WebhookToVerify>]>([
    ['no id', { id: undefined }],
    ['no timestamp', { timestamp: undefined }],
    ['no signature', { signature: undefined }],
    ['an empty signature', { signature: '' }],
    ['an empty list', { id: [] }],
  ])('says missing-header for %s', (_, changes) => {
    expect(verifyWebhook(received(changes))).toEqual({ ok: false, reason: 'missing-header' });
  });

  it.each<[string, Partial<WebhookToVerify>]>([
    ['a repeated id', { id: [KNOWN.id, KNOWN.id] }],
    ['a repeated id, joined', { id: `${KNOWN.id}, ${KNOWN.id}` }],
    ['a repeated timestamp', { timestamp: [String(KNOWN.timestampS), '1'] }],
    ['a repeated timestamp, joined', { timestamp: `${KNOWN.timestampS}, 1` }],
    ['a repeated signature', { signature: [KNOWN.signature, KNOWN.signature] }],
    ['a repeated signature, joined', { signature: `${KNOWN.signature}, v1,AAAA` }],
    ['a full stop in the id, which would move the border to the timestamp', { id: 'msg.1614265330' }],
    ['a timestamp with more than digits', { timestamp: '1614265330abc' }],
    ['a timestamp with a fraction', { timestamp: '1614265330.0' }],
    ['a timestamp with a leading zero', { timestamp: '01614265330' }],
    ['a negative timestamp', { timestamp: '-1614265330' }],
    ['a signature without a version', { signature: 'g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=' }],
    ['a signature with odd characters', { signature: 'v1,g0hM9SsE\u0000' }],
  ])('says malformed for %s', (_, changes) => {
    expect(verifyWebhook(received(changes))).toEqual({ ok: false, reason: 'malformed' });
  });

  it('accepts a timestamp within the tolerance on either side, and refuses others', () => {
    const atMs = KNOWN.timestampS * 1_000;
    expect(verifyWebhook(received({ nowMs: atMs + 300_000 }))).toEqual({ ok: true });
    expect(verifyWebhook(received({ nowMs: atMs - 300_000 }))).toEqual({ ok: true });
    expect(verifyWebhook(received({ nowMs: atMs + 300_001 }))).toEqual({ ok: false, reason: 'too-old' });
    expect(verifyWebhook(received({ nowMs: atMs - 300_001 }))).toEqual({ ok: false, reason: 'too-new' });
    expect(verifyWebhook(received({ nowMs: atMs + 1_001, toleranceMs: 1_000 }))).toEqual({
      ok: false,
      reason: 'too-old',
    });
  });

  it.each<[string, Partial<WebhookToVerify>]>([
    ['another body', { body: Buffer.from('{"test": 2432232315}') }],
    ['another id', { id: 'msg_other' }],
    ['another time', { timestamp: String(KNOWN.timestampS + 1) }],
    ['another secret', { secrets: [other] }],
    ['no secret at all', { secrets: [] }],
    ['the right signature under another version', { signature: KNOWN.signature.replace('v1,', 'v2,') }],
    ['a signature cut short', { signature: KNOWN.signature.slice(0, -2) }],
  ])('says bad-signature for %s', (_, changes) => {
    expect(verifyWebhook(received(changes))).toEqual({ ok: false, reason: 'bad-signature' });
  });

  it('distinguishes bodies of different bytes even if both are invalid UTF-8', () => {
    const signed = signWebhook({ ...KNOWN, body: Buffer.from([0x7b, 0xff, 0x7d]), secrets: [KNOWN.secret] });
    expect(verifyWebhook(received({ signature: signed, body: Buffer.from([0x7b, 0xff, 0x7d]) })).ok).toBe(
      true,
    );
    expect(verifyWebhook(received({ signature: signed, body: Buffer.from([0x7b, 0xfe, 0x7d]) })).ok).toBe(
      false,
    );
  });
});

describe('against the reference package', () => {
  const nowS = Math.floor(Date.now() / 1_000);
  const key = fc.uint8Array({ minLength: 24, maxLength: 64 });
  const id = fc.uuid().map((uuid) => `ntf_${uuid}`);
  const body = fc.oneof(fc.json(), fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }));

  it('it verifies what is signed here', () => {
    fc.assert(
      fc.property(key, key, id, body, (one, two, id, body) => {
        const signature = signWebhook({
          id,
          timestampS: nowS,
          body,
          secrets: [secretOf(one), secretOf(two)],
        });
        for (const key of [one, two]) {
          const headers = {
            'webhook-id': id,
            'webhook-timestamp': String(nowS),
            'webhook-signature': signature,
          };
          new Webhook(secretOf(key).reveal()).verify(body, headers, { jsonParse: false });
        }
      }),
      { seed: 4, numRuns: 300 },
    );
  });

  it('what it signs is verified here, and nothing else', () => {
    fc.assert(
      fc.property(key, id, body, (key, id, body) => {
        const signature = new Webhook(secretOf(key).reveal()).sign(id, new Date(nowS * 1_000), body);
        const webhook = {
          id,
          timestamp: String(nowS),
          signature,
          secrets: [secretOf(key)],
          nowMs: nowS * 1_000,
        };
        expect(verifyWebhook({ ...webhook, body: Buffer.from(body) })).toEqual({ ok: true });
        expect(verifyWebhook({ ...webhook, body: Buffer.from(`${body} `) }).ok).toBe(false);
      }),
      { seed: 4, numRuns: 300 },
    );
  });
});

describe('decodeWebhookSecret', () => {
  it('gives the key', () => {
    expect(decodeWebhookSecret(KNOWN.secret.reveal())).toEqual(
      Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64'),
    );
  });

  it('decodes a secret without padding', () => {
    expect(decodeWebhookSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAA')).toEqual(
      decodeWebhookSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAA=='),
    );
  });

  it.each([
    ['nothing', ''],
    ['no prefix', 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
    ['no key', 'whsec_'],
    ['a blank', 'whsec_MfKQ9r8GKYqr TwjUPD8ILPZIo2LaLaSw'],
    ['no base64', 'whsec_!!!!'],
    ['base64url', 'whsec_-_-_'],
    ['half its padding', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAA='],
    ['a digit too many', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwA'],
    ['bits beyond the end', 'whsec_AB=='],
    ['a line break', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n'],
  ])('refuses %s', (_, text) => {
    expect(decodeWebhookSecret(text)).toBeUndefined();
  });
});
