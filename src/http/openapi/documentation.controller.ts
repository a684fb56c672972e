import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Problem } from '../../problems/problem.js';
import { sendStatic, StaticAnswer } from '../static-answer.js';
import { ApiDocument } from './api-document.js';
import {
  documentationPage,
  findSwaggerUi,
  START_SCRIPT,
  SWAGGER_UI_FILES,
  type SwaggerUi,
} from './swagger-ui.js';

/** Browsers revalidate each time; the entity tag saves sending an unchanged text again. */
const REVALIDATED = 'no-cache';
/** The version is part of the path. */
const FOR_EVER = 'public, max-age=31536000, immutable';

/** `/documentation`: Swagger UI and the OpenAPI document (SPEC §8). All of it is public, so nothing is made per request. */
@Controller('documentation')
export class DocumentationController {
  #swaggerUi: SwaggerUi | undefined;
  #page: StaticAnswer | undefined;
  #openapi: StaticAnswer | undefined;
  readonly #start = new StaticAnswer(START_SCRIPT, 'text/javascript; charset=utf-8', REVALIDATED);
  /** As many as there are {@link SWAGGER_UI_FILES}. */
  readonly #files = new Map<string, StaticAnswer>();

  constructor(private readonly document: ApiDocument) {}

  @Get('{/}')
  page(@Req() request: Request, @Res() response: Response): void {
    this.#page ??= new StaticAnswer(documentationPage(this.#found), 'text/html; charset=utf-8', REVALIDATED);
    sendStatic(request, response, this.#page);
  }

  @Get('start.js')
  start(@Req() request: Request, @Res() response: Response): void {
    sendStatic(request, response, this.#start);
  }

  @Get('openapi.json')
  async openapi(@Req() request: Request, @Res() response: Response): Promise<void> {
    const text = await this.document.text();
    this.#openapi ??= new StaticAnswer(text, 'application/json; charset=utf-8', REVALIDATED);
    sendStatic(request, response, this.#openapi);
  }

  @Get('swagger-ui-:version/:file')
  file(
    @Param('version') version: string,
    @Param('file') name: string,
    @Req() request: Request,
    @Res() response: Response,
  ): void {
    const { root, version: present } = this.#found;
    const type = SWAGGER_UI_FILES.get(name);
    if (version !== present || type === undefined) {
      throw new Problem('not-found', 'There is no resource at this path.');
    }
    let file = this.#files.get(name);
    if (!file) {
      file = new StaticAnswer(readFileSync(join(root, name)), type, FOR_EVER);
      this.#files.set(name, file);
    }
    sendStatic(request, response, file);
  }

  get #found(): SwaggerUi {
    return (this.#swaggerUi ??= findSwaggerUi());
  }
}
