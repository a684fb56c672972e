import { expect, it } from '@jest/globals';
import { parseExternals } from './externals-file.js';
import { loadConfig } from './load-config.js';
import { displayText } from './problem-text.js';

const SECRET = 'sk_live_4f9b2c7d';

it.each([
  [`https://acme.example/pay?k=${SECRET}`, '"https://acme.example/pay?k=***"'],
  [`ftp://acme.example/?a=1&apiSignature=${SECRET}#x`, '"ftp://acme.example/?a=***&apiSignature=***#x"'],
  [`https://user:${SECRET}@acme.example/`, '"https://***@acme.example/"'],
  [`postgres:user:${SECRET}@db/x`, '"postgres:***@db/x"'],
  [`user:${SECRET}@db/x`, '"***@db/x"'],
  [`host=db password=${SECRET} x=1`, '"host=db password=*** x=1"'],
  ['production', '"production"'],
])('displays %s as %s', (text, shown) => {
  expect(displayText(text)).toBe(shown);
});

it.each([
  { baseUrl: `ftp://acme.example?k=${SECRET}` },
  { baseUrl: `https://u:${SECRET}@acme.example` },
  { auth: { type: 'basic', username: `user:${SECRET}`, password: 'p' } },
  { callbackAuth: { type: 'basic', username: `${SECRET}:x`, password: 'p' } },
  { auth: { type: 'header', name: 'X-Key', value: `${SECRET}\n` } },
  { auth: { type: 'bearer', token: `${SECRET}\u0000` } },
])('a problem with the externals file shows no secret: %j', (entry) => {
  const text = JSON.stringify({
    externalServices: [{ externalService: 'acme', baseUrl: 'https://acme.example', ...entry }],
  });
  const read = (): unknown => parseExternals(text, { env: {}, readFile: () => '', enabled: undefined });
  expect(read).toThrow(/acme|externalServices/);
  expect(read).not.toThrow(new RegExp(SECRET));
});

it.each([
  { DATABASE_URL: `mysql://user:${SECRET}@db/x` },
  { DATABASE_URL: `postgres:user:${SECRET}@db/x` },
  { DATABASE_URL: `mysql://db/x?passcode=${SECRET}` },
  { PAYMENT_CALLBACK_URL: `ftp://shop.example/?k=${SECRET}` },
  { OTEL_EXPORTER_OTLP_ENDPOINT: `ftp://u:${SECRET}@collector` },
])('a problem with the environment shows no secret: %j', (env) => {
  expect(() => loadConfig(env)).toThrow(Object.keys(env)[0]);
  expect(() => loadConfig(env)).not.toThrow(new RegExp(SECRET));
});
