import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { clientAddressOf } from '../http/client-address.js';
import { operationIdOf } from '../http/openapi/operation-description.js';
import { contextOf } from '../http/request-context.js';

/** The operator who sends a request of `/admin`, and the act that it asks for. */
export interface Operator {
  /** The name of the credentials; empty where none are required. */
  readonly name: string;
  /** The `operationId` of the request. */
  readonly action: string;
  /** Undefined where a trusted proxy does not name it. */
  readonly address: string | undefined;
  readonly requestId: string;
  readonly traceparent: string;
  /** Whether the request came with a trace of its own. */
  readonly continued: boolean;
}

/** Reads nothing that the client can choose: the name is that of verified credentials, the address the connection's. */
export function operatorOf(context: ExecutionContext): Operator {
  const request = context.switchToHttp().getRequest<Request>();
  const { principal, requestId, traceparent, continued } = contextOf(request);
  return {
    name: principal?.name ?? '',
    action: operationIdOf(context.getHandler()) ?? context.getHandler().name,
    address: clientAddressOf(request),
    requestId,
    traceparent,
    continued,
  };
}

/** A handler's parameter: the {@link Operator} of the request. */
export const OperatorOf = createParamDecorator((_: unknown, context: ExecutionContext): Operator =>
  operatorOf(context),
);
