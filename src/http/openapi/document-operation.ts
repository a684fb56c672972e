import { Reflector } from '@nestjs/core';
import { RequireScope } from '../require-scope.decorator.js';
import { CALLBACK_SECURITY, CALLER_SECURITY, pathParameters } from './components.js';
import { headersOf } from './headers.js';
import type {
  AnswerDescription,
  BodyDescription,
  DescribedOperation,
  OperationDescription,
  QueryParameter,
  RawAnswerDescription,
} from './operation-description.js';
import { problemResponses } from './problem-responses.js';
import { schemaReference } from './schemas.js';
import { type RouteAccess, TAGS } from './tags.js';

const reflector = new Reflector();

/** The Operation Object of a described route. `path` is a template, such as `/v3/{external}/pay`. */
export function documentOperation(path: string, operation: DescribedOperation): object {
  const { description } = operation;
  const { access } = TAGS[description.tag];
  const { id, tag, summary, calls, request, answer, problems = [] } = description;
  const nature = { access, calls, hasBody: request !== undefined };
  return {
    tags: [tag],
    operationId: id,
    summary,
    description: description.description,
    security: securityOf(access, operation),
    parameters: parametersOf(path, access, description),
    ...(request && { requestBody: { required: !request.optional, content: contentOf(request) } }),
    responses: {
      200: answerOf(answer, 200, calls?.changesState === true),
      ...Object.fromEntries(
        Object.entries(description.otherAnswers ?? {}).map(([status, other]) => [
          status,
          answerOf(other, Number(status), false),
        ]),
      ),
      ...problemResponses({ nature, own: problems }),
    },
  };
}

/** The security schemes, with the required scope (OpenAPI 3.1 §4.8.30 allows roles with each scheme). */
function securityOf(access: RouteAccess, { method, controller }: DescribedOperation): object[] {
  switch (access) {
    case 'public':
      return [{}, ...CALLER_SECURITY.map((scheme) => ({ [scheme]: [] }))];
    case 'external':
      return [...CALLBACK_SECURITY.map((scheme) => ({ [scheme]: [] })), {}];
    case 'caller':
    case 'admin': {
      const scope = reflector.getAllAndOverride(RequireScope, [method, controller]);
      return CALLER_SECURITY.map((scheme) => ({ [scheme]: scope === undefined ? [] : [scope] }));
    }
    default:
      return access satisfies never;
  }
}

function parametersOf(
  path: string,
  access: RouteAccess,
  { query = [], calls, needsKey }: OperationDescription,
): object[] {
  const headers = [
    ...(calls?.changesState ? [needsKey ? 'RequiredIdempotencyKey' : 'IdempotencyKey'] : []),
    'RequestId',
    'Traceparent',
  ];
  return [
    ...pathParameters(path).map((parameter) => ({ in: 'path', ...parameter })),
    ...query.map((parameter) => ({ in: 'query', ...withoutPrefill(parameter) })),
    ...(access === 'public' ? [] : headers.map((name) => ({ $ref: `#/components/parameters/${name}` }))),
  ];
}

/**
 * Swagger UI fills in a parameter with its `example`, and an optional filter that matches nothing looks like an empty
 * list: the example of an optional parameter is in its schema instead.
 */
function withoutPrefill({ example, prefilled, ...parameter }: QueryParameter): object {
  if (example === undefined) return parameter;
  if (parameter.required || prefilled) return { ...parameter, example };
  return { ...parameter, schema: { ...parameter.schema, examples: [example] } };
}

function contentOf({ type, examples, mediaTypes = ['application/json'] }: BodyDescription): object {
  return Object.fromEntries(
    mediaTypes.map((mediaType) => [mediaType, { schema: schemaReference(type), examples }]),
  );
}

function answerOf(
  answer: AnswerDescription | RawAnswerDescription,
  status: number,
  replayable: boolean,
): object {
  const headers = headersOf({ status, replayable });
  if ('content' in answer) return { description: answer.description, headers, content: answer.content };
  const { description = 'The requested data', type, examples, alternatives } = answer;
  const json = { schema: schemaReference(type), examples };
  return { description, headers, content: { 'application/json': json, ...alternatives } };
}
