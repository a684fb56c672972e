import { type CanActivate, createParamDecorator, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { contextOf } from '../http/request-context.js';
import { Problem } from '../problems/problem.js';
import { EXTERNAL_NAME } from '../rules/network-rules.js';
import { ExternalProviderRegistry } from './external-provider.registry.js';
import type { ExternalProvider } from './external-provider.js';
import { MissingExternal } from './missing-external.js';

const PROVIDER = Symbol('tollgate.provider');

type Carrying = { [PROVIDER]?: ExternalProvider };

/**
 * Resolves the external of the path, once per request: a reload of the externals file in between cannot give one
 * request two configurations. Names match exactly; a percent-encoded name is another name (SPEC §6).
 */
@Injectable()
export class ExternalGuard implements CanActivate {
  constructor(private readonly registry: ExternalProviderRegistry) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Request>();
    const name = request.originalUrl.split(/[/?]/, 3)[2] ?? '';
    const { principal } = contextOf(request);
    // A callback has none: its sender may use no external.
    const mayUse = (each: string): boolean =>
      principal !== undefined && (principal.externals?.has(each) ?? true);
    try {
      (request as Carrying)[PROVIDER] = this.registry.require(name, mayUse);
      contextOf(request).logFields.external = name;
    } catch (error) {
      if (!(error instanceof Problem) || !mayBeInLedger(request, name)) throw error;
      (request as Carrying)[PROVIDER] = new MissingExternal(name, error.detail);
    }
    return true;
  }
}

/** Whether the ledger may have the answer: an external with this name may have been removed. It verifies no callbacks. */
function mayBeInLedger(request: Request, name: string): boolean {
  return contextOf(request).access === 'caller' && EXTERNAL_NAME.test(name);
}

/** The external of the path, as {@link ExternalGuard} resolved it. */
export const External = createParamDecorator((_: unknown, context: ExecutionContext): ExternalProvider => {
  const provider = context.switchToHttp().getRequest<Carrying>()[PROVIDER];
  if (!provider) throw new Error('The route has no ExternalGuard');
  return provider;
});
