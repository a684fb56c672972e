import { ApiBody, ApiOperation, ApiResponse } from '@nestjs/swagger';
import type { SchemaKeywords } from '../../rules/rule.js';
import type { ProblemCode } from '../../problems/problem.js';
import type { Tag } from './tags.js';

/** A DTO class. */
export type Dto = abstract new () => object;

/** What a call at an external can do; as in `providers/operation.ts`. */
export interface ExternalCall {
  /** It may move money or change a subscription. */
  readonly changesState: boolean;
  /** What a 404 of the external would be about. */
  readonly subject: 'payment' | 'subscription' | 'none';
}

export interface QueryParameter {
  readonly name: string;
  readonly description: string;
  readonly required?: boolean;
  readonly schema: SchemaKeywords;
  readonly example?: unknown;
}

/** A named example; the documentation's tests hold each against its schema. */
export type Examples = Readonly<Record<string, { readonly summary: string; readonly value: unknown }>>;

export interface BodyDescription {
  readonly type: Dto;
  readonly examples: Examples;
  /** Other than `application/json`. */
  readonly mediaTypes?: readonly string[];
  /** Fields that the DTO does not know are let pass. */
  readonly open?: true;
  /** There may be no body at all. */
  readonly optional?: true;
}

export interface AnswerDescription {
  readonly type: Dto;
  readonly examples: Examples;
  readonly description?: string;
  /** Fields that the DTO calls optional, because externals may leave them out, and that the gateway fills in. */
  readonly filledIn?: readonly string[];
  /** The same in other media types, for callers that ask for them. */
  readonly alternatives?: RawAnswerDescription['content'];
}

/** An answer that is no DTO, such as that of `/metrics`. */
export interface RawAnswerDescription {
  readonly description: string;
  readonly content: Readonly<
    Record<string, { readonly schema: SchemaKeywords; readonly examples: Examples }>
  >;
}

/** What nobody can read off the code of an operation; all else of its documentation is derived. */
export interface OperationDescription {
  /** `operationId`: what generated clients call it. */
  readonly id: string;
  readonly tag: Tag;
  readonly summary: string;
  /** Markdown. */
  readonly description: string;
  /** Where it leads to a call at an external. */
  readonly calls?: ExternalCall;
  readonly query?: readonly QueryParameter[];
  readonly request?: BodyDescription;
  readonly answer: AnswerDescription | RawAnswerDescription;
  /** Answers that are neither success nor problem, by status. */
  readonly otherAnswers?: Readonly<Record<number, RawAnswerDescription>>;
  /** Problems of this operation alone; those of its kind follow from the rest of the description. */
  readonly problems?: readonly ProblemCode[];
}

/** A described operation and the controller's method that it is. */
export interface DescribedOperation {
  readonly description: OperationDescription;
  readonly controller: NewableFunction;
  readonly method: NewableFunction;
}

const described = new Map<string, DescribedOperation>();

/** Puts a controller's method into `/documentation`. A route without it is not part of the contract. */
export function DescribeOperation(description: OperationDescription): MethodDecorator {
  return (target, key, descriptor) => {
    if (described.has(description.id)) throw new Error(`Two operations are called ${description.id}`);
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

/** The description of the operation with this `operationId`, or undefined where it has none. */
export function describedOperation(id: string): DescribedOperation | undefined {
  return described.get(id);
}
