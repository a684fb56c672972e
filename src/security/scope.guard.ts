import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import type { Scope } from '../config/config.js';
import { AuditLog } from '../audit/audit.log.js';
import { operatorOf } from '../audit/operator.js';
import { isAdminScope } from '../config/api-keys.js';
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
    private readonly audit: AuditLog,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<never> {
    const request = context.switchToHttp().getRequest<Request>();
    const { access, principal } = contextOf(request);
    const scope = this.reflector.getAllAndOverride(RequireScope, [context.getHandler(), context.getClass()]);
    if (scope === undefined) {
      if (access === undefined || access === 'caller') throw closedRoute();
      return true;
    }
    if (!principal) throw unauthenticated();
    if (!principal.scopes.has(scope)) {
      this.metrics.countCallerRefusal('forbidden');
      if (isActOfOperators(scope)) return this.#refuseAct(context, scope, request.params['id']);
      throw missingScope(scope);
    }
    return true;
  }

  /** An operator who acts beyond their scopes is a trace that an auditor looks for. Others do not get this far. */
  async #refuseAct(context: ExecutionContext, scope: Scope, subject: unknown): Promise<never> {
    await this.audit.refused(operatorOf(context), subject);
    throw missingScope(scope);
  }
}

function isActOfOperators(scope: Scope): boolean {
  return isAdminScope(scope) && scope !== 'admin-read';
}
