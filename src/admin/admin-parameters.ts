import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { Problem } from '../problems/problem.js';
import { contextOf } from '../http/request-context.js';
import type { IdentifierPrefix } from '../shared/identifier.js';
import { readQuery } from '../rules/contract-reader.js';
import type { DtoClass } from '../rules/field.js';
import { ownIdentifier } from '../rules/rules.js';
import { NoQuery, queryProblem } from './lists/list-query.js';
import type { Operator } from './resolutions/operator.js';

const requestOf = (context: ExecutionContext): Request => context.switchToHttp().getRequest<Request>();

/**
 * Reads the query of a request.
 * @throws Problem `validation-failed`, with an error for each parameter that is wrong
 */
function queryOf<T extends object>({ originalUrl }: Request, type: DtoClass<T>): T {
  const start = originalUrl.indexOf('?');
  const result = readQuery(type, new URLSearchParams(start < 0 ? '' : originalUrl.slice(start + 1)));
  if (!result.ok) throw queryProblem(result.errors);
  return result.value;
}

/** The query as an instance of a class whose fields are declared by `QueryField`. */
export const AdminQuery = createParamDecorator((type: DtoClass, context: ExecutionContext) =>
  queryOf(requestOf(context), type),
);

/** The `id` of the path, one of the gateway's own. What cannot be one is not found. */
export const OwnId = createParamDecorator((prefix: IdentifierPrefix, context: ExecutionContext): string => {
  const request = requestOf(context);
  queryOf(request, NoQuery);
  const id: unknown = request.params['id'];
  if (!ownIdentifier(prefix).accepts(id)) throw notFound();
  contextOf(request).logFields.ref = id;
  return id;
});

/** Who asks, for what is done by hand. */
export const OperatorOf = createParamDecorator((_: unknown, context: ExecutionContext): Operator => {
  const { principal, requestId, traceparent, continued } = contextOf(requestOf(context));
  return { name: principal?.name ?? '', requestId, traceparent, continued };
});

export function notFound(): Problem {
  return new Problem('not-found', 'There is nothing of this id.');
}
