import { randomBytes } from 'node:crypto';
import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { CONFIG } from '../config/config.module.js';
import type { Config } from '../config/config.js';
import { sendJson, sendText, TextAnswer } from '../http/http-answer.js';
import { sendStatic } from '../http/static-answer.js';
import { Problem } from '../problems/problem.js';
import { ConsoleFiles } from './console-files.js';
import { contentSecurityPolicy, NONCE_PLACEHOLDER } from './content-security-policy.js';

/** What the page needs before anyone has signed in. It is public, so it names nothing of the payments' world. */
export interface ConsoleSettings {
  readonly oidc?: {
    readonly authority: string;
    readonly clientId: string;
    readonly scope: string;
    readonly audience: string;
  };
}

/**
 * `/console`: a page, its files and its settings. All addresses in the page are relative, and its routes are in the
 * fragment, so that it works below any prefix that a proxy removes.
 */
@Controller('console')
export class ConsoleController {
  readonly #files = new ConsoleFiles();
  readonly #settings: ConsoleSettings;

  constructor(@Inject(CONFIG) config: Config) {
    this.#settings = settingsOf(config);
  }

  @Get('{/}')
  page(@Req() request: Request, @Res() response: Response): void {
    if (!request.path.endsWith('/')) {
      sendText(response, new TextAnswer(308, '', 'text/plain; charset=utf-8', { Location: 'console/' }));
      return;
    }
    const page = this.#files.page();
    if (page === undefined) throw new Problem('not-found', 'The console is not built: `npm run build`.');
    const nonce = randomBytes(16).toString('base64');
    response.setHeader(
      'Content-Security-Policy',
      contentSecurityPolicy(nonce, this.#settings.oidc?.authority),
    );
    sendText(
      response,
      new TextAnswer(200, page.replaceAll(NONCE_PLACEHOLDER, nonce), 'text/html; charset=utf-8'),
    );
  }

  @Get('settings.json')
  settings(@Res() response: Response): void {
    sendJson(response, this.#settings);
  }

  @Get('assets/:name')
  asset(@Param('name') name: string, @Req() request: Request, @Res() response: Response): void {
    const file = this.#files.asset(name);
    if (!file) throw new Problem('not-found', 'There is no resource at this path.');
    response.setHeader('Vary', 'Accept-Encoding');
    const brotli = request.acceptsEncodings('br') === 'br' ? file.brotli : undefined;
    if (brotli) response.setHeader('Content-Encoding', 'br');
    sendStatic(request, response, brotli ?? file.plain);
  }
}

function settingsOf({ callers: { oidc }, console: { oidc: client } }: Config): ConsoleSettings {
  if (!oidc || !client) return {};
  const { issuer: authority, audience } = oidc;
  return { oidc: { authority, clientId: client.clientId, scope: client.scope, audience } };
}
