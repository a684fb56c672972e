import { type CanActivate, type ExecutionContext, Injectable, NotFoundException } from '@nestjs/common';
import type { Request } from 'express';

/**
 * For a GET with an effect: Express runs its handler for HEAD too, which must not have one (RFC 9110 §9.2.1). The
 * answer is 405, as for a missing route.
 */
@Injectable()
export class NoHeadGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (context.switchToHttp().getRequest<Request>().method === 'HEAD') throw new NotFoundException();
    return true;
  }
}
