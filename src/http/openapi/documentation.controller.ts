import { createHash } from 'node:crypto';
import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Problem } from '../../problems/problem.js';
import { ApiDocument } from './api-document.js';
import {
  documentationPage,
  findSwaggerUi,
  START_SCRIPT,
  SWAGGER_UI_FILES,
  type SwaggerUi,
} from './swagger-ui.js';

/** `/documentation`: Swagger UI and the OpenAPI document (SPEC §8). */
@Controller('documentation')
export class DocumentationController {
  #swaggerUi: SwaggerUi | undefined;

  constructor(private readonly document: ApiDocument) {}

  @Get('{/}')
  page(@Req() request: Request, @Res() response: Response): void {
    sendText(request, response, 'text/html; charset=utf-8', documentationPage(this.#found));
  }

  @Get('start.js')
  start(@Req() request: Request, @Res() response: Response): void {
    sendText(request, response, 'text/javascript; charset=utf-8', START_SCRIPT);
  }

  @Get('openapi.json')
  async openapi(@Req() request: Request, @Res() response: Response): Promise<void> {
    sendText(request, response, 'application/json; charset=utf-8', await this.document.text());
  }

  /** The version is part of the path, so that browsers can cache the files for ever. */
  @Get('swagger-ui-:version/:file')
  file(@Param('version') version: string, @Param('file') file: string, @Res() response: Response): void {
    const { root, version: present } = this.#found;
    if (version !== present || !SWAGGER_UI_FILES.has(file)) {
      throw new Problem('not-found', 'There is no resource at this path.');
    }
    response.sendFile(file, { root, maxAge: '1y', immutable: true });
  }

  get #found(): SwaggerUi {
    return (this.#swaggerUi ??= findSwaggerUi());
  }
}

/** Browsers revalidate each time; the entity tag saves sending an unchanged text again. */
function sendText(request: Request, response: Response, type: string, text: string): void {
  response.setHeader('Content-Type', type);
  response.setHeader('Cache-Control', 'no-cache');
  response.setHeader('ETag', `"${createHash('sha256').update(text).digest('base64url')}"`);
  if (request.fresh) {
    response.statusCode = 304;
    response.end();
    return;
  }
  response.end(text);
}
