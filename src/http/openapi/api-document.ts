import { readFile } from 'node:fs/promises';
import { type INestApplication, Injectable } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { SchemaKeywords } from '../../rules/rule.js';
import { COMPONENTS } from './components.js';
import { documentOperation } from './document-operation.js';
import { INTRODUCTION } from './introduction.js';
import { notificationPayloads, webhooks } from './notification-webhook.js';
import { type DescribedOperation, describedOperation, describedOperations } from './operation-description.js';
import { problemExamples } from './problem-examples.js';
import { sharedResponses } from './problem-responses.js';
import { completeSchemas, type SchemaSource } from './schemas.js';
import { TAGS } from './tags.js';

const PACKAGE = new URL('../../../package.json', import.meta.url);

/**
 * The OpenAPI document of the gateway (SPEC §8). It is built on the first request, so that it does not delay the
 * start.
 */
@Injectable()
export class ApiDocument {
  #app: INestApplication | undefined;
  #document: Promise<object> | undefined;

  /** Sets the app whose routes the document describes. */
  describe(app: INestApplication): void {
    this.#app = app;
  }

  /**
   * The document as JSON text.
   * @param basePath the path under which a proxy shows the gateway, or empty
   */
  async text(basePath: string): Promise<string> {
    this.#document ??= this.#make().catch((error: unknown) => {
      this.#document = undefined;
      throw error;
    });
    return JSON.stringify({ ...(await this.#document), servers: serversAt(basePath) });
  }

  async #make(): Promise<object> {
    if (!this.#app) throw new Error('ApiDocument has no app: call describe() first');
    const scanned = SwaggerModule.createDocument(this.#app, new DocumentBuilder().build(), {
      extraModels: notificationPayloads(),
      autoTagControllers: false,
    });
    const { version } = JSON.parse(await readFile(PACKAGE, 'utf8')) as { version: string };
    return complete(scanned, version);
  }
}

function serversAt(basePath: string): object[] {
  return [{ url: basePath || '/', description: 'This gateway' }];
}

/** Completes the paths and schemas that @nestjs/swagger scanned. */
function complete({ paths, components }: OpenAPIObject, version: string): object {
  const schemas = (components?.schemas ?? {}) as Record<string, SchemaKeywords>;
  const described = describedPaths(paths);
  const responses = sharedResponses(described);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tollgate',
      version,
      description: INTRODUCTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: serversAt(''),
    tags: Object.entries(TAGS).map(([name, { description }]) => ({ name, description })),
    paths: described,
    webhooks: webhooks(),
    components: {
      ...COMPONENTS,
      responses,
      examples: problemExamples({ described, responses }),
      schemas: { ...completeSchemas(schemas, schemaSources()), ...COMPONENTS.schemas },
    },
  };
}

interface Route {
  readonly path: string;
  /** Lower case. */
  readonly method: string;
  readonly operation: DescribedOperation;
}

/** In the order in which a reader tries them. Routes without a description are not part of the contract. */
function describedPaths(paths: OpenAPIObject['paths']): object {
  const routes = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, { operationId?: string }>).flatMap(
      ([method, { operationId = '' }]): Route[] => {
        const operation = describedOperation(operationId);
        return operation ? [{ path, method, operation }] : [];
      },
    ),
  );
  const described: Record<string, Record<string, object>> = {};
  for (const { path, method, operation } of routes.toSorted((a, b) => rankOf(a) - rankOf(b))) {
    (described[path] ??= {})[method] = documentOperation(path, operation);
  }
  return described;
}

/** What is destructive comes last, and what operators do after what they read. */
function rankOf({ method, operation: { description } }: Route): number {
  if (description.destructive) return 2;
  return TAGS[description.tag].access === 'admin' && method !== 'get' ? 1 : 0;
}

function schemaSources(): SchemaSource[] {
  const ofOperations = describedOperations().flatMap(({ description: { request, answer } }) => [
    ...(request ? [{ type: request.type, open: request.open ?? false }] : []),
    ...('type' in answer
      ? [{ type: answer.type, open: undefined, ...(answer.filledIn && { filledIn: answer.filledIn }) }]
      : []),
  ]);
  return [...ofOperations, ...notificationPayloads().map((type) => ({ type, open: undefined }))];
}
