import { Controller, Get, Post, Req, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import type { ExternalConfig } from '../config/external-config.js';
import { isOffered } from '../config/external-operation.js';
import { DescribeOperation } from '../http/openapi/operation-description.js';
import { NoHeadGuard } from '../http/no-head.guard.js';
import { clientAddressOf, networkOf } from '../http/client-address.js';
import { contextOf } from '../http/request-context.js';
import { Log } from '../observability/logging/log.js';
import { outside } from '../observability/logging/outside.js';
import { Problem } from '../problems/problem.js';
import type { ExternalProvider } from '../providers/external-provider.js';
import { External, ExternalGuard } from '../providers/external.guard.js';
import {
  callbackOutline,
  type CallbackMessage,
  type CallbackNames,
  isAboutPayment,
  readCallback,
} from './callback-message.js';
import { CallbackInbox, type CallbackReceipt } from './callback.inbox.js';
import { type PushedStatus, readPushedStatus } from './pushed-status.js';
import { PushedStatusInbox } from './pushed-status.inbox.js';
import { isFromAnyone } from './unknown-payment.limit.js';
import { CALLBACK_BY_GET, CALLBACK_BY_POST } from './callbacks.documentation.js';

/** Receives the callbacks of externals (SPEC §1). Guards have authenticated the external before. */
@Controller('v3/:external/callback')
@UseGuards(ExternalGuard)
export class CallbacksController {
  constructor(
    private readonly inbox: CallbackInbox,
    private readonly pushes: PushedStatusInbox,
    private readonly log: Log,
  ) {}

  @Get()
  @UseGuards(NoHeadGuard)
  @DescribeOperation(CALLBACK_BY_GET)
  get(@External() provider: ExternalProvider, @Req() request: Request): Promise<CallbackReceipt> {
    return this.#receive(provider, request);
  }

  @Post()
  @DescribeOperation(CALLBACK_BY_POST)
  post(@External() provider: ExternalProvider, @Req() request: Request): Promise<CallbackReceipt> {
    return this.#receive(provider, request);
  }

  async #receive({ config }: ExternalProvider, request: Request): Promise<CallbackReceipt> {
    const { requestId, traceparent, continued, logFields, signedCallback: signed } = contextOf(request);
    const { message, pushed } = await this.#read(request, config, signed !== undefined);
    logFields.paymentId = message.paymentId;
    logFields.refundId = message.refundId;
    logFields.subscriptionToken = message.subscriptionToken;
    const anyoneFrom = isFromAnyone(config) ? networkOf(clientAddressOf(request)) : undefined;
    const queriesRefunds = isOffered(config, 'refund/status');
    const queriesSubscriptions = isOffered(config, 'subscription/status');
    const origin = {
      external: config.name,
      requestId,
      traceparent,
      continued,
      signed,
      anyoneFrom,
      queriesRefunds,
      queriesSubscriptions,
    };
    const { receipt, paymentTraceparent, isIdReused } = await (pushed && isAboutPayment(message)
      ? this.pushes.receive(message, origin, pushed)
      : this.inbox.receive(message, origin));
    if (isIdReused) {
      const webhookId = outside(String(request.headers['webhook-id']));
      const fields = { external: config.name, webhookId, ...outsideNames(message) };
      this.log.warn(fields, 'A callback has the webhook-id of another message; it was processed');
    }
    logFields.traceparent = paymentTraceparent;
    return receipt;
  }

  /** Who writes the external reads the log: what came, and how it was read or why it was not. */
  async #read(
    request: Request,
    { name: external, callbackStatus }: ExternalConfig,
    isSigned: boolean,
  ): Promise<{ readonly message: CallbackMessage; readonly pushed: PushedStatus | undefined }> {
    try {
      const message = await readCallback(request, isSigned);
      if (message.oddities.length > 0) {
        const { oddities } = message;
        const fields = {
          external,
          received: outside(callbackOutline(request)),
          ...outsideNames(message),
        };
        this.log.warn({ ...fields, detail: oddities.join('; ') }, 'A callback is not as documented');
      }
      // The status of a callback that names a refund may be the refund's.
      const isTrusted = isSigned && callbackStatus === 'trusted' && isAboutPayment(message);
      return { message, pushed: isTrusted ? readPushedStatus(message.body) : undefined };
    } catch (error) {
      if (error instanceof Problem) {
        const fields = { external, received: outside(callbackOutline(request)), detail: error.message };
        this.log.warn(fields, 'A callback cannot be read');
      }
      throw error;
    }
  }
}

function outsideNames({ paymentId, refundId }: CallbackNames): Record<string, unknown> {
  return {
    ...(paymentId !== undefined && { paymentId: outside(paymentId) }),
    ...(refundId !== undefined && { refundId: outside(refundId) }),
  };
}
