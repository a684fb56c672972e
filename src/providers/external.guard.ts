import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { contextOf } from '../http/request-context.js';
import { ExternalProviderRegistry } from './external-provider.registry.js';

/** Lets through only the exact names of configured externals; a percent-encoded one is another name (SPEC §6). */
@Injectable()
export class ExternalGuard implements CanActivate {
  constructor(private readonly registry: ExternalProviderRegistry) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Request>();
    const name = request.originalUrl.split(/[/?]/, 3)[2] ?? '';
    this.registry.require(name);
    contextOf(request).logFields.external = name;
    return true;
  }
}
