import { Controller, Get, Header, Post, Req, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import { DescribeOperation } from '../http/openapi/operation-description.js';
import { NoHeadGuard } from '../http/no-head.guard.js';
import { contextOf } from '../http/request-context.js';
import type { ExternalProvider } from '../providers/external-provider.js';
import { External, ExternalGuard } from '../providers/external.guard.js';
import { readCallback } from './callback-message.js';
import { CallbackInbox, type CallbackReceipt } from './callback.inbox.js';
import { CALLBACK_BY_GET, CALLBACK_BY_POST } from './callbacks.documentation.js';

/** Receives the callbacks of externals (SPEC §1). Guards have authenticated the external before. */
@Controller('v3/:external/callback')
@UseGuards(ExternalGuard)
export class CallbacksController {
  constructor(private readonly inbox: CallbackInbox) {}

  @Get()
  @UseGuards(NoHeadGuard)
  @Header('Cache-Control', 'no-store')
  @DescribeOperation(CALLBACK_BY_GET)
  get(@External() provider: ExternalProvider, @Req() request: Request): Promise<CallbackReceipt> {
    return this.#receive(provider, request);
  }

  @Post()
  @Header('Cache-Control', 'no-store')
  @DescribeOperation(CALLBACK_BY_POST)
  post(@External() provider: ExternalProvider, @Req() request: Request): Promise<CallbackReceipt> {
    return this.#receive(provider, request);
  }

  async #receive({ config }: ExternalProvider, request: Request): Promise<CallbackReceipt> {
    const { requestId, traceparent, continued, logFields, callbackKey: key } = contextOf(request);
    const message = await readCallback(request);
    logFields.paymentId = message.paymentId;
    const origin = { external: config.name, requestId, traceparent, continued, key };
    const { receipt, paymentTraceparent } = await this.inbox.receive(message, origin);
    logFields.traceparent = paymentTraceparent;
    return receipt;
  }
}
