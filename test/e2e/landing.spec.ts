import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { VERSION } from '../../src/observability/version.js';
import { type Gateway, startGateway } from '../support/gateway.js';

/** `/`, as a browser and as a program see it (SPEC §9). */

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

describe('the landing page', () => {
  let gateway: Gateway;

  beforeAll(async () => {
    gateway = await startGateway({ env: { API_AUTH: 'required', API_KEYS: 'shop:a-secret-of-the-shop' } });
  });
  afterAll(async () => {
    await gateway.close();
  });

  const get = (accept: string): Promise<Response> => fetch(`${gateway.url}/`, { headers: { accept } });

  it('is JSON for programs, without credentials, and every link leads somewhere', async () => {
    for (const accept of ['*/*', 'application/json']) {
      const answer = await get(accept);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([
        200,
        'application/json; charset=utf-8',
      ]);
      const { name, version, links } = (await answer.json()) as {
        name: string;
        version: string;
        links: Record<string, string>;
      };
      expect({ name, version }).toEqual({ name: 'Tollgate', version: VERSION });
      expect(Object.keys(links)).toEqual(
        expect.arrayContaining([
          'documentation',
          'openapi',
          'simulator',
          'readiness',
          'liveness',
          'problems',
        ]),
      );
      for (const link of Object.values(links)) {
        const linked = await fetch(new URL(link, gateway.url));
        await linked.body?.cancel();
        expect([link, linked.status]).toEqual([link, 200]);
      }
    }
  });

  it('is a page without script for browsers', async () => {
    const answer = await get(BROWSER);
    const page = await answer.text();
    expect(answer.headers.get('vary')).toBe('Accept');
    expect(answer.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    );
    expect(page).toContain(`Version ${VERSION}`);
    expect(page).toContain('href="/documentation"');
    expect(page).not.toMatch(/<script|javascript:| on\w+=/);
  });

  it('names no simulator where there is none, and can be closed', async () => {
    const externals = [{ externalService: 'acme', baseUrl: 'http://127.0.0.1:9' }];
    const own = await startGateway({ externals, env: { PUBLIC_PATHS: '/health' } });
    try {
      const refused = await fetch(`${own.url}/`);
      expect([refused.status, await refused.text()]).toEqual([401, expect.not.stringContaining('links')]);
      const open = await startGateway({ externals });
      const { links } = (await (await fetch(`${open.url}/`)).json()) as { links: object };
      await open.close();
      expect(links).not.toHaveProperty('simulator');
    } finally {
      await own.close();
    }
  });
});
