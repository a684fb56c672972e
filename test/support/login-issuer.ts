import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { AUDIENCE, type Issuer, startIssuer } from './issuer.js';

/** An {@link Issuer} where people log in: authorization code with PKCE (RFC 6749 §4.1, RFC 7636) for a public client. */
export interface LoginIssuer extends Issuer {
  /** The environment of a gateway whose console logs in at it. */
  readonly environment: Readonly<Record<string, string>>;
  /** The audience of the tokens that it issues from now on. */
  audience: string;
  /** Requests that a client should not have sent. */
  readonly violations: string[];
}

/** The people who can log in, and their scopes. */
export const PEOPLE: Readonly<Record<string, string>> = {
  Rita: 'openid admin-read',
  Anna: 'openid admin-read admin-act',
  Sam: 'openid admin-read admin-act admin-settle',
};

interface Grant {
  readonly person: string;
  readonly challenge: string;
  readonly redirectUri: string;
}

/** @param clientId the only client */
export async function startLoginIssuer(clientId: string): Promise<LoginIssuer> {
  const grants = new Map<string, Grant>();
  const started = await startIssuer();
  const environment = {
    OIDC_ISSUER: started.url,
    OIDC_AUDIENCE: AUDIENCE,
    CONSOLE_OIDC_CLIENT_ID: clientId,
    CONSOLE_OIDC_SCOPE: 'openid admin-read admin-act admin-settle',
  };
  const issuer: LoginIssuer = Object.assign(started, { environment, audience: AUDIENCE, violations: [] });
  issuer.answer = (path, response) => {
    const url = new URL(path, issuer.url);
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        sendJson(response, {
          issuer: issuer.url,
          jwks_uri: `${issuer.url}/jwks`,
          authorization_endpoint: `${issuer.url}/authorize`,
          token_endpoint: `${issuer.url}/token`,
          response_types_supported: ['code'],
          code_challenge_methods_supported: ['S256'],
        });
        return true;
      case '/authorize':
        authorize(url, response);
        return true;
      case '/token':
        void exchange(response.req, response);
        return true;
      default:
        return false;
    }
  };
  return issuer;

  function authorize(url: URL, response: ServerResponse): void {
    const of = (name: string): string => url.searchParams.get(name) ?? '';
    const redirectUri = of('redirect_uri');
    const expected = { response_type: 'code', client_id: clientId, code_challenge_method: 'S256' };
    for (const [name, value] of Object.entries(expected))
      if (of(name) !== value) issuer.violations.push(`authorize: ${name} is ${of(name)}`);
    if (of('code_challenge').length !== 43 || of('state') === '')
      issuer.violations.push('authorize: no challenge or no state');
    const person = of('person');
    if (PEOPLE[person] === undefined) {
      const links = Object.keys(PEOPLE).map((name) => {
        const target = new URL(url);
        target.searchParams.set('person', name);
        return `<p><a href="${target.href.replaceAll('&', '&amp;')}">${name}</a></p>`;
      });
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end(`<!doctype html><title>Log in</title><h1>Who are you?</h1>${links.join('')}`);
      return;
    }
    const code = randomBytes(16).toString('hex');
    grants.set(code, { person, challenge: of('code_challenge'), redirectUri });
    const back = new URL(redirectUri);
    back.searchParams.set('code', code);
    back.searchParams.set('state', of('state'));
    response.writeHead(302, { location: back.href });
    response.end();
  }

  async function exchange(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await text(request));
    const code = form.get('code') ?? '';
    const grant = grants.get(code);
    grants.delete(code);
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const isGranted =
      form.get('grant_type') === 'authorization_code' &&
      form.get('client_id') === clientId &&
      form.get('redirect_uri') === grant?.redirectUri &&
      challenge === grant?.challenge;
    if (!isGranted) {
      issuer.violations.push(`token: refused ${form.toString()}`);
      sendJson(response, { error: 'invalid_grant' }, 400);
      return;
    }
    const { person } = grant;
    sendJson(response, {
      token_type: 'Bearer',
      expires_in: 60,
      access_token: await issuer.sign({ sub: person, aud: issuer.audience, scope: PEOPLE[person] }),
      id_token: await issuer.sign({ sub: person, aud: clientId }, { header: { typ: 'JWT' } }),
    });
  }
}

function sendJson(response: ServerResponse, body: object, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json', 'access-control-allow-origin': '*' });
  response.end(JSON.stringify(body));
}
