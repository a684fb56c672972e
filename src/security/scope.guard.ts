import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { contextOf } from '../http/request-context.js';
import { closedRoute, missingScope, unauthenticated } from './refusals.js';
import { RequireScope } from '../http/require-scope.decorator.js';
import { SecurityMetrics } from './security.metrics.js';

/**
 * Admits callers with the scope of the route. A route of the API without {@link RequireScope} is closed to all
 * callers, so that a forgotten decorator does not open it.
 */
@Injectable()
export class ScopeGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly metrics: SecurityMetrics,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const { access, principal } = contextOf(context.switchToHttp().getRequest<Request>());
    const scope = this.reflector.getAllAndOverride(RequireScope, [context.getHandler(), context.getClass()]);
    if (scope === undefined) {
      if (access === undefined || access === 'caller') throw closedRoute();
      return true;
    }
    if (!principal) throw unauthenticated();
    if (!principal.scopes.has(scope)) {
      this.metrics.countCallerRefusal('forbidden');
      throw missingScope(scope);
    }
    return true;
  }
}
