import type * as swaggerLibrary from '@nestjs/swagger';

type Swagger = typeof swaggerLibrary;

const deferred: ((swagger: Swagger) => void)[] = [];

/**
 * Decorates by @nestjs/swagger once the documentation is asked for. To import that library takes longer than all the
 * rest of the start, for pages that most processes never serve.
 */
export function whenDocumented(decorate: (swagger: Swagger) => void): void {
  deferred.push(decorate);
}

/** Imports @nestjs/swagger and applies all decorators that wait for it, in the order in which they were written. */
export async function applyDeferredDecorators(): Promise<Swagger> {
  const swagger = await import('@nestjs/swagger');
  for (const decorate of deferred.splice(0)) decorate(swagger);
  return swagger;
}
