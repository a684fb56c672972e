import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { Problem } from '../problems/problem.js';
import { contextOf } from '../http/request-context.js';
import type { IdentifierPrefix } from '../shared/identifier.js';
import { type QueryRules, readQuery } from './lists/query-rule.js';
import type { Operator } from './resolutions/operator.js';

const requestOf = (context: ExecutionContext): Request => context.switchToHttp().getRequest<Request>();

/** The query, held against `rules`; `{}` where a path takes no query. */
export const AdminQuery = createParamDecorator((rules: QueryRules, context: ExecutionContext) =>
  readQuery(requestOf(context).originalUrl, rules),
);

/** The `id` of the path, one of the gateway's own. What cannot be one is not found. */
export const OwnId = createParamDecorator((prefix: IdentifierPrefix, context: ExecutionContext): string => {
  const request = requestOf(context);
  readQuery(request.originalUrl, {});
  const id: unknown = request.params['id'];
  const pattern = new RegExp(`^${prefix}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`);
  if (typeof id !== 'string' || !pattern.test(id)) throw notFound();
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
