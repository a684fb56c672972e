import { Controller, Get, Param, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { Request, Response } from 'express';
import { sendJson } from '../http/http-answer.js';
import { DescribeOperation } from '../http/openapi/operation-description.js';
import { NoHeadGuard } from '../http/no-head.guard.js';
import { contextOf } from '../http/request-context.js';
import { ExternalGuard } from '../providers/external.guard.js';
import { readCallback } from './callback-message.js';
import { CallbackInbox } from './callback.inbox.js';
import { CALLBACK_BY_GET, CALLBACK_BY_POST } from './callbacks.documentation.js';

/** Receives the callbacks of externals (SPEC §1). Guards have authenticated the external before. */
@Controller('v3/:external/callback')
@UseGuards(ExternalGuard)
export class CallbacksController {
  constructor(private readonly inbox: CallbackInbox) {}

  @Get()
  @UseGuards(NoHeadGuard)
  @DescribeOperation(CALLBACK_BY_GET)
  async get(
    @Param('external') external: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await this.#receive(external, request, response);
  }

  @Post()
  @DescribeOperation(CALLBACK_BY_POST)
  async post(
    @Param('external') external: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await this.#receive(external, request, response);
  }

  async #receive(external: string, request: Request, response: Response): Promise<void> {
    response.setHeader('Cache-Control', 'no-store');
    const { requestId, traceparent, continued, logFields, callbackKey: key } = contextOf(request);
    const message = await readCallback(request);
    logFields.paymentId = message.paymentId;
    const origin = { external, requestId, traceparent, continued, key };
    const { receipt, paymentTraceparent } = await this.inbox.receive(message, origin);
    logFields.traceparent = paymentTraceparent;
    sendJson(response, receipt);
  }
}
