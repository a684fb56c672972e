import {
  type ArgumentMetadata,
  createParamDecorator,
  type ExecutionContext,
  type PipeTransform,
} from '@nestjs/common';
import type { Request } from 'express';
import { contextOf } from '../http/request-context.js';
import { invalidFields } from '../http/request-parameters.js';
import { Problem } from '../problems/problem.js';
import { readQuery } from '../rules/contract-reader.js';
import type { DtoClass } from '../rules/field.js';
import { ownIdentifier } from '../rules/rules.js';
import type { IdentifierPrefix } from '../shared/identifier.js';

const requestOf = (context: ExecutionContext): Request => context.switchToHttp().getRequest<Request>();

/**
 * Reads the query of a request.
 * @throws Problem `validation-failed`, with an error for each parameter that is wrong
 */
function queryOf<T extends object>({ originalUrl }: Request, type: DtoClass<T>): T {
  const start = originalUrl.indexOf('?');
  const result = readQuery(type, new URLSearchParams(start < 0 ? '' : originalUrl.slice(start + 1)));
  if (result.ok) return result.value;
  throw invalidFields(result.errors);
}

class QueryPipe implements PipeTransform<Request, object> {
  transform(request: Request, { metatype }: ArgumentMetadata): object {
    return queryOf(request, metatype as DtoClass);
  }
}

const RequestOf = createParamDecorator((_: unknown, context: ExecutionContext) => requestOf(context));

/** The query as an instance of the parameter's class, whose fields are declared by `QueryField`. */
export const AdminQuery = (): ParameterDecorator => RequestOf(QueryPipe);

/** The query of a path that takes no parameters. */
// oxlint-disable-next-line typescript/no-extraneous-class -- a DTO without fields
export class NoQuery {}

/** The `id` of the path, one of the gateway's own. A malformed one is not found. */
export const OwnId = createParamDecorator((prefix: IdentifierPrefix, context: ExecutionContext): string => {
  const request = requestOf(context);
  queryOf(request, NoQuery);
  const id: unknown = request.params['id'];
  if (!ownIdentifier(prefix).accepts(id)) throw notFound();
  contextOf(request).logFields.ref = id;
  return id;
});

export function notFound(): Problem {
  return new Problem('not-found', 'There is no item with this id.');
}
