import { Controller, Get, Header, Post, Req, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import { DescribeOperation } from '../http/openapi/operation-description.js';
import { NoHeadGuard } from '../http/no-head.guard.js';
import { contextOf } from '../http/request-context.js';
import { Log } from '../observability/logging/log.js';
import { outside } from '../observability/logging/outside.js';
import { Problem } from '../problems/problem.js';
import type { ExternalProvider } from '../providers/external-provider.js';
import { External, ExternalGuard } from '../providers/external.guard.js';
import { callbackOutline, type CallbackMessage, readCallback } from './callback-message.js';
import { CallbackInbox, type CallbackReceipt } from './callback.inbox.js';
import { CALLBACK_BY_GET, CALLBACK_BY_POST } from './callbacks.documentation.js';

/** Receives the callbacks of externals (SPEC §1). Guards have authenticated the external before. */
@Controller('v3/:external/callback')
@UseGuards(ExternalGuard)
export class CallbacksController {
  constructor(
    private readonly inbox: CallbackInbox,
    private readonly log: Log,
  ) {}

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
    const message = await this.#read(request, config.name);
    logFields.paymentId = message.paymentId;
    const origin = { external: config.name, requestId, traceparent, continued, key };
    const { receipt, paymentTraceparent } = await this.inbox.receive(message, origin);
    logFields.traceparent = paymentTraceparent;
    return receipt;
  }

  /** Who writes the external reads the log: what came, and how it was read or why it was not. */
  async #read(request: Request, external: string): Promise<CallbackMessage> {
    try {
      const message = await readCallback(request);
      if (message.oddities.length > 0) {
        const { paymentId, oddities } = message;
        const fields = {
          external,
          received: outside(callbackOutline(request)),
          paymentId: outside(paymentId),
        };
        this.log.warn({ ...fields, detail: oddities.join('; ') }, 'A callback is not as documented');
      }
      return message;
    } catch (error) {
      if (error instanceof Problem) {
        const fields = { external, received: outside(callbackOutline(request)), detail: error.message };
        this.log.warn(fields, 'A callback cannot be read');
      }
      throw error;
    }
  }
}
