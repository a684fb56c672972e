import { Reflector } from '@nestjs/core';
import type { FieldError } from '../../rules/field-error.js';
import { detailOf, type SchemaKeywords } from '../../rules/rule.js';
import { issuedIdentifier } from '../../rules/rules.js';
import { RequireScope } from '../require-scope.decorator.js';
import { CALLBACK_SECURITY, CALLER_SECURITY, pathParameter } from './components.js';
import { headersOf } from './headers.js';
import type {
  AnswerDescription,
  BodyDescription,
  DescribedOperation,
  OperationDescription,
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
      ...problemResponses({
        nature,
        own: problems,
        instance: instanceOf(path),
        violation: violationOf(path, description),
      }),
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
  { query = [], calls }: OperationDescription,
): object[] {
  const headers = [...(calls?.changesState ? ['IdempotencyKey'] : []), 'RequestId', 'Traceparent'];
  return [
    ...namesIn(path).map((name) => ({ in: 'path', ...pathParameter(name) })),
    ...query.map((parameter) => ({ in: 'query', ...parameter })),
    ...(access === 'public' ? [] : headers.map((name) => ({ $ref: `#/components/parameters/${name}` }))),
  ];
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
  const { description = 'The requested data', type, filledIn, examples, alternatives } = answer;
  const schema: SchemaKeywords = filledIn
    ? { allOf: [schemaReference(type)], required: filledIn }
    : schemaReference(type);
  return { description, headers, content: { 'application/json': { schema, examples }, ...alternatives } };
}

function namesIn(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
}

/** A violation of the contract that this operation can have. */
function violationOf(path: string, { request, query }: OperationDescription): FieldError {
  if (request && !request.open) return { pointer: '/tpyo', detail: 'is not a field of this operation' };
  if (query?.[0]) return { pointer: `/query/${query[0].name}`, detail: 'must be given once' };
  const name = namesIn(path).at(-1);
  return name === undefined
    ? { pointer: '/query/tpyo', detail: 'is not a parameter of this operation, which takes none' }
    : { pointer: `/path/${name}`, detail: detailOf(issuedIdentifier) };
}

/** A path of the operation, for examples. */
function instanceOf(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(pathParameter(name).example));
}
