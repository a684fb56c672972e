import { type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import {
  getOptionsToken,
  getStorageToken,
  ThrottlerGuard,
  type ThrottlerLimitDetail,
  type ThrottlerModuleOptions,
  type ThrottlerStorage,
} from '@nestjs/throttler';
import type { Request } from 'express';
import { Problem } from '../problems/problem.js';
import { clientAddressOf } from '../http/client-address.js';
import { contextOf } from '../http/request-context.js';
import { SecurityMetrics } from './security.metrics.js';

/**
 * `RATE_LIMIT`: the limit of requests per caller, over all routes. Callers without a name are distinguished by
 * address; those whose proxy names none share one limit. Operating paths and callbacks are not counted: a caller's load must not cause the loss of a callback.
 */
@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  constructor(
    @Inject(getOptionsToken()) options: ThrottlerModuleOptions,
    @Inject(getStorageToken()) storage: ThrottlerStorage,
    reflector: Reflector,
    private readonly metrics: SecurityMetrics,
  ) {
    super(options, storage, reflector);
  }

  protected override async shouldSkip(context: ExecutionContext): Promise<boolean> {
    return contextOf(context.switchToHttp().getRequest<Request>()).access !== 'caller';
  }

  protected override async getTracker(request: Request): Promise<string> {
    const name = contextOf(request).principal?.name;
    if (name) return `caller ${name}`;
    const ip = clientAddressOf(request);
    return ip === undefined ? 'address unknown' : `address ${await super.getTracker({ ip })}`;
  }

  protected override generateKey(_context: ExecutionContext, tracker: string): string {
    return tracker;
  }

  protected override async throwThrottlingException(
    _context: ExecutionContext,
    { limit, ttl, timeToBlockExpire }: ThrottlerLimitDetail,
  ): Promise<never> {
    this.metrics.countCallerRefusal('rate-limited');
    throw new Problem('rate-limited', `The limit is ${limit} requests in ${ttl} ms.`, {
      retryAfterMs: timeToBlockExpire * 1_000,
    });
  }
}
