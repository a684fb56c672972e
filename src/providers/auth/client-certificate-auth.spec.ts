import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Agent, request } from 'undici';
import { certificateAuthority, type IssuedCertificate } from '../../../test/support/certificates.js';
import { AddressGuard } from '../../outbound/address-guard.js';
import { OutboundClient } from '../../outbound/outbound-client.js';
import { SystemClock } from '../../shared/clock.js';
import { createOutboundAuth } from './outbound-auth.factory.js';
import type { OutboundAuth } from './outbound-auth.js';

const authority = certificateAuthority('test authority');
const server = https.createServer(
  { ...authority.issue('server'), ca: authority.cert, requestCert: true, rejectUnauthorized: true },
  (request, response) => response.end((request.socket as TLSSocket).getPeerCertificate().subject.CN),
);
const guard = new AddressGuard({ blockPrivateAddresses: false });
const unused = new OutboundClient({ guard, connectTimeoutMs: 1, maxAnswerBytes: 1 });

let port: number;
let folder: string;
let auth: OutboundAuth | undefined;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await unused.close();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-mtls-'));
  write('ca.pem', authority.cert);
});
afterEach(() => {
  auth?.close();
  auth = undefined;
  rmSync(folder, { recursive: true });
});

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

function install({ cert, key }: IssuedCertificate): void {
  write('cert.pem', cert);
  write('key.pem', key);
}

function mtls(onWarning?: (message: string) => void, ca = true): OutboundAuth {
  const caFile = ca ? join(folder, 'ca.pem') : undefined;
  const config = {
    type: 'mtls',
    certFile: join(folder, 'cert.pem'),
    keyFile: join(folder, 'key.pem'),
    caFile,
  } as const;
  return (auth = createOutboundAuth(config, { clock: new SystemClock(), tokenClient: unused, onWarning }));
}

/** Who the server takes the client for. */
async function seenAs(tls: object): Promise<string> {
  const dispatcher = new Agent({ connect: guard.connector(tls) });
  try {
    const { body } = await request(`https://127.0.0.1:${port}/`, { dispatcher });
    return await body.text();
  } finally {
    await dispatcher.close();
  }
}

describe('ClientCertificateAuth', () => {
  it('dials with the certificate, and sends no header', async () => {
    install(authority.issue('gateway'));
    const { tls, ...headers } = {
      tls: mtls().tls()!,
      ...(await auth!.headers(new AbortController().signal)),
    };
    expect(await seenAs(tls)).toBe('gateway');
    expect(headers).toEqual({});
    expect(auth!.invalidate({})).toBe(false);
  });

  it('is needed: without it the server refuses, and without the authority the gateway does', async () => {
    install(authority.issue('gateway'));
    // In TLS 1.3 the handshake of the client ends before the server has checked its certificate: the refusal ends the
    // connection.
    await expect(seenAs({ ca: authority.cert })).rejects.toThrow();
    await expect(seenAs(mtls(undefined, false).tls()!)).rejects.toMatchObject({
      code: expect.stringMatching(/SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY/),
    });
    install(certificateAuthority('somebody else').issue('gateway'));
    await expect(seenAs(mtls().tls()!)).rejects.toThrow();
  });

  it('reads its files again when they change', async () => {
    install(authority.issue('gateway'));
    const before = mtls().tls()!;
    const changed = new Promise<void>((resolve) => auth!.onChange(resolve));
    const next = authority.issue('gateway renewed');
    write('next-key.pem', next.key);
    write('next-cert.pem', next.cert);
    // As a certificate manager replaces them: one after the other, each at once.
    renameSync(join(folder, 'next-key.pem'), join(folder, 'key.pem'));
    renameSync(join(folder, 'next-cert.pem'), join(folder, 'cert.pem'));
    await changed;
    expect(await seenAs(auth!.tls()!)).toBe('gateway renewed');
    expect(await seenAs(before)).toBe('gateway');
  });

  it('keeps the present certificate while the new one does not match its key, and uses it once it does', async () => {
    install(authority.issue('gateway'));
    const warned = Promise.withResolvers<string>();
    const before = mtls(warned.resolve).tls();
    const changed = new Promise<void>((resolve) => auth!.onChange(resolve));
    const next = authority.issue('gateway renewed');
    write('cert.pem', next.cert);
    expect(await warned.promise).toContain('the present one stays in use: ');
    expect(auth!.tls()).toBe(before);
    expect(await seenAs(auth!.tls()!)).toBe('gateway');
    write('key.pem', next.key);
    await changed;
    expect(await seenAs(auth!.tls()!)).toBe('gateway renewed');
  });

  it('refuses at the start what does not fit, or is not there', () => {
    const one = authority.issue('one');
    install({ cert: one.cert, key: authority.issue('other').key });
    expect(() => mtls()).toThrow(/key values mismatch/);
    rmSync(join(folder, 'key.pem'));
    expect(() => mtls()).toThrow(/ENOENT/);
    install({ cert: 'no certificate', key: one.key });
    expect(() => mtls()).toThrow();
  });
});
