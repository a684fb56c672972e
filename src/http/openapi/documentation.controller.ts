import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { Problem } from '../../problems/problem.js';
import { basePathOf } from '../base-path.js';
import { sendStatic, StaticAnswer } from '../static-answer.js';
import { ApiDocument } from './api-document.js';
import { SIMULATOR_SCRIPT } from './simulator-script.js';
import {
  documentationPage,
  findSwaggerUi,
  START_SCRIPT,
  STYLE,
  SWAGGER_UI_FILES,
  type SwaggerUi,
} from './swagger-ui.js';

/** Browsers revalidate each time; the entity tag saves sending an unchanged text again. */
const REVALIDATED = 'no-cache';
/** The version is part of the path. */
const FOR_EVER = 'public, max-age=31536000, immutable';
const HTML = 'text/html; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';
/** More than a gateway is shown under; further ones are made for each request. */
const MAX_BASE_PATHS = 8;

/**
 * `/documentation`: Swagger UI and the OpenAPI document (SPEC §8). All of it is public, so nothing is made per request,
 * but once for each path under which a proxy shows the gateway.
 */
@Controller('documentation')
export class DocumentationController {
  #swaggerUi: SwaggerUi | undefined;
  readonly #pages = new Map<string, StaticAnswer>();
  readonly #documents = new Map<string, Promise<StaticAnswer>>();
  readonly #start = new StaticAnswer(START_SCRIPT, SCRIPT, REVALIDATED);
  readonly #style = new StaticAnswer(STYLE, 'text/css; charset=utf-8', REVALIDATED);
  readonly #simulator = new StaticAnswer(SIMULATOR_SCRIPT, SCRIPT, REVALIDATED);
  /** As many as there are {@link SWAGGER_UI_FILES}. */
  readonly #files = new Map<string, StaticAnswer>();

  constructor(
    private readonly document: ApiDocument,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get('{/}')
  page(@Req() request: Request, @Res() response: Response): void {
    const basePath = basePathOf(request);
    const options = { basePath, simulated: this.#isSimulated };
    const page =
      this.#pages.get(basePath) ??
      kept(
        this.#pages,
        basePath,
        new StaticAnswer(documentationPage(this.#found, options), HTML, REVALIDATED),
      );
    sendStatic(request, response, page);
  }

  @Get('start.js')
  start(@Req() request: Request, @Res() response: Response): void {
    sendStatic(request, response, this.#start);
  }

  @Get('style.css')
  style(@Req() request: Request, @Res() response: Response): void {
    sendStatic(request, response, this.#style);
  }

  @Get('simulator.js')
  simulator(@Req() request: Request, @Res() response: Response): void {
    if (!this.#isSimulated) throw noSuchFile();
    sendStatic(request, response, this.#simulator);
  }

  @Get('openapi.json')
  async openapi(@Req() request: Request, @Res() response: Response): Promise<void> {
    const basePath = basePathOf(request);
    const document = this.#documents.get(basePath) ?? kept(this.#documents, basePath, this.#make(basePath));
    sendStatic(request, response, await document);
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
    if (version !== present || type === undefined) throw noSuchFile();
    let file = this.#files.get(name);
    if (!file) {
      file = new StaticAnswer(readFileSync(join(root, name)), type, FOR_EVER);
      this.#files.set(name, file);
    }
    sendStatic(request, response, file);
  }

  /** All who ask meanwhile wait for the same answer: a stranger's burst would have it made a hundred times over. */
  async #make(basePath: string): Promise<StaticAnswer> {
    try {
      return new StaticAnswer(
        await this.document.text(basePath),
        'application/json; charset=utf-8',
        REVALIDATED,
      );
    } catch (error) {
      this.#documents.delete(basePath);
      throw error;
    }
  }

  get #found(): SwaggerUi {
    return (this.#swaggerUi ??= findSwaggerUi());
  }

  get #isSimulated(): boolean {
    return this.config.externals.kind === 'simulator';
  }
}

/** Keeps an answer for later requests, if there are not too many. */
function kept<Answer>(answers: Map<string, Answer>, basePath: string, answer: Answer): Answer {
  if (answers.size < MAX_BASE_PATHS) answers.set(basePath, answer);
  return answer;
}

function noSuchFile(): Problem {
  return new Problem('not-found', 'There is no resource at this path.');
}
