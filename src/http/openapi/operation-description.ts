import { ApiBody, ApiOperation, ApiResponse } from '@nestjs/swagger';
import type { OperationTraits } from '../../config/external-operation.js';
import type { SchemaKeywords } from '../../rules/rule.js';
import type { ProblemCode } from '../../problems/problem.js';
import type { Tag } from './tags.js';

/** A DTO class. */
export type Dto = abstract new () => object;

export interface QueryParameter {
  readonly name: string;
  readonly description: string;
  readonly required?: boolean;
  readonly schema: SchemaKeywords;
  readonly example?: unknown;
  /** An optional parameter that Swagger UI fills in with its example: the first of several, of which one is needed. */
  readonly prefilled?: true;
}

/** Named examples; a test validates each against its schema. */
export type Examples = Readonly<Record<string, { readonly summary: string; readonly value: unknown }>>;

export interface BodyDescription {
  readonly type: Dto;
  readonly examples: Examples;
  /** Default `application/json`. */
  readonly mediaTypes?: readonly string[];
  /** Fields that the DTO does not know are let pass. */
  readonly open?: true;
  /** The body may be empty. */
  readonly optional?: true;
}

export interface AnswerDescription {
  readonly type: Dto;
  readonly examples: Examples;
  readonly description?: string;
  /** Fields that the gateway fills in when the external leaves them out: they are required in the schema of `type`. */
  readonly filledIn?: readonly string[];
  /** The same in other media types, by content negotiation. */
  readonly alternatives?: RawAnswerDescription['content'];
}

/** An answer without a DTO, such as that of `/metrics`. */
export interface RawAnswerDescription {
  readonly description: string;
  readonly content: Readonly<
    Record<string, { readonly schema: SchemaKeywords; readonly examples: Examples }>
  >;
}

/** The part of an operation's documentation that cannot be derived from its code. */
export interface OperationDescription {
  /** `operationId`, the name of the method in generated clients. */
  readonly id: string;
  readonly tag: Tag;
  readonly summary: string;
  /** Markdown. */
  readonly description: string;
  /** Set if the operation calls an external. */
  readonly calls?: OperationTraits;
  readonly query?: readonly QueryParameter[];
  readonly request?: BodyDescription;
  /** The request needs an `Idempotency-Key`. */
  readonly needsKey?: true;
  readonly answer: AnswerDescription | RawAnswerDescription;
  /** It ends or settles something for good: the documentation shows it after the others of its section. */
  readonly destructive?: true;
  /** Responses that are neither success nor problem, by status. */
  readonly otherAnswers?: Readonly<Record<number, RawAnswerDescription>>;
  /** Problems of this operation only; those of its kind are derived from the other members. */
  readonly problems?: readonly ProblemCode[];
}

/** An operation and its handler. */
export interface DescribedOperation {
  readonly description: OperationDescription;
  readonly controller: NewableFunction;
  readonly method: NewableFunction;
}

const described = new Map<string, DescribedOperation>();

/** Adds a handler to the OpenAPI document. A route without this decorator is not part of the contract. */
export function DescribeOperation(description: OperationDescription): MethodDecorator {
  return (target, key, descriptor) => {
    if (described.has(description.id)) throw new Error(`Duplicate operationId ${description.id}`);
    described.set(description.id, {
      description,
      controller: target.constructor,
      method: descriptor.value as NewableFunction,
    });
    const { id, request, answer } = description;
    const decorators = [
      ApiOperation({ operationId: id }),
      ...(request ? [ApiBody({ type: request.type })] : []),
      ApiResponse({ status: 200, ...('type' in answer && { type: answer.type as never }) }),
    ];
    for (const decorate of decorators) decorate(target, key, descriptor);
  };
}

export function describedOperations(): readonly DescribedOperation[] {
  return [...described.values()];
}

/** The `operationId` of a route's handler; undefined if the route has no description. */
export function operationIdOf(handler: unknown): string | undefined {
  return describedOperations().find(({ method }) => method === handler)?.description.id;
}

/** The operation with this `operationId`, or undefined if the route has no description. */
export function describedOperation(id: string): DescribedOperation | undefined {
  return described.get(id);
}
