import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ConsoleFiles } from '../../src/console/console-files.js';
import { type Gateway, startGateway } from '../support/gateway.js';

/** What the gateway serves at `/console`; `test/browser` opens it. */

const ADMIN = 'an-admin-key-of-these-tests';

describe('/console', () => {
  let gateway: Gateway | undefined;

  async function start(env: Readonly<Record<string, string>> = {}): Promise<string> {
    gateway = await startGateway({ env: { API_KEYS: `boss:${ADMIN}:admin`, ...env } });
    return gateway.url;
  }

  afterEach(async () => {
    await gateway?.close();
    gateway = undefined;
  });

  it('leads to the page by a relative address, so that it works under a prefix', async () => {
    const response = await fetch(`${await start()}/console`, { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([308, 'console/']);
  });

  it('is absent with CONSOLE=off', async () => {
    const url = await start({ CONSOLE: 'off' });
    for (const path of ['/console', '/console/', '/console/settings.json'])
      expect([path, (await fetch(url + path)).status]).toEqual([path, 404]);
  });

  it('needs credentials where PUBLIC_PATHS leaves it out', async () => {
    const url = await start({ PUBLIC_PATHS: '/health' });
    expect((await fetch(`${url}/console/`)).status).toBe(401);
  });

  it('says how to sign in', async () => {
    expect(await (await fetch(`${await start()}/console/settings.json`)).json()).toEqual({});
  });

  it('names the issuer where it has a client there', async () => {
    const url = await start({
      OIDC_ISSUER: 'https://login.example.com/realm',
      OIDC_AUDIENCE: 'tollgate',
      CONSOLE_OIDC_CLIENT_ID: 'tollgate-console',
      CONSOLE_OIDC_SCOPE: 'openid admin-read',
    });
    expect(await (await fetch(`${url}/console/settings.json`)).json()).toEqual({
      oidc: {
        authority: 'https://login.example.com/realm',
        clientId: 'tollgate-console',
        scope: 'openid admin-read',
        audience: 'tollgate',
      },
    });
  });

  it('answers unknown files with 404', async () => {
    const url = await start();
    for (const path of [
      '/console/assets/nothing.js',
      '/console/assets/%2e%2e%2findex.html',
      '/console/other',
    ])
      expect([path, (await fetch(url + path)).status]).toEqual([path, 404]);
  });

  (existsSync('console/dist/index.html') ? it : it.skip)('has a page with a strict policy', async () => {
    const url = await start();
    const responses = [await fetch(`${url}/console/`), await fetch(`${url}/console/`)];
    const policies = responses.map(({ headers }) => headers.get('content-security-policy')!);
    const nonces = policies.map((policy) => /'nonce-([^']+)'/.exec(policy)![1]!);
    expect(nonces[0]).not.toBe(nonces[1]);
    expect(policies[0]).not.toContain('unsafe');
    expect(policies[0]).toContain("default-src 'none'; script-src 'self';");
    const html = await responses[0]!.text();
    expect(html).toContain(`content="${nonces[0]}"`);
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
    const script = /src="\.\/(assets\/[^"]+)"/.exec(html)![1]!;
    const file = await fetch(`${url}/console/${script}`, { headers: { 'Accept-Encoding': 'br' } });
    expect(Object.fromEntries(file.headers)).toMatchObject({
      'content-encoding': 'br',
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'Accept-Encoding',
    });
    const plain = await fetch(`${url}/console/${script}`, { headers: { 'Accept-Encoding': 'identity' } });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(await plain.text()).toBe(await file.text());
  });
});

describe('ConsoleFiles', () => {
  it('knows the files that the build wrote and no others', () => {
    const root = mkdtempSync(join(tmpdir(), 'tollgate-console-'));
    try {
      mkdirSync(join(root, 'assets'));
      writeFileSync(join(root, 'assets/a.js'), 'a');
      writeFileSync(join(root, 'assets/a.js.br'), 'b');
      writeFileSync(join(root, 'secret.js'), 'secret');
      const files = new ConsoleFiles(root);
      expect(files.page()).toBeUndefined();
      expect(files.asset('a.js')?.plain.bytes.toString()).toBe('a');
      expect(files.asset('a.js')?.brotli?.bytes.toString()).toBe('b');
      for (const name of ['../secret.js', 'a.js.br', 'b.js', '']) expect(files.asset(name)).toBeUndefined();
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});
