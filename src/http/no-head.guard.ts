import { type CanActivate, type ExecutionContext, Injectable, NotFoundException } from '@nestjs/common';
import type { Request } from 'express';

/**
 * For a GET that has an effect: Express runs its handler for HEAD too, which must have none (RFC 9110 §9.2.1). As there is
 * no route for it, the answer is 405.
 */
@Injectable()
export class NoHeadGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (context.switchToHttp().getRequest<Request>().method === 'HEAD') throw new NotFoundException();
    return true;
  }
}
