import { Controller, Get, Inject, Req } from '@nestjs/common';
import type { Request } from 'express';
import { CONFIG } from '../../config/config.module.js';
import type { Config } from '../../config/config.js';
import { DescribeOperation, type OperationDescription } from '../../http/openapi/operation-description.js';
import { contextOf } from '../../http/request-context.js';
import { refuseQuery } from '../../http/request-parameters.js';
import { RequireScope } from '../../http/require-scope.decorator.js';
import { exampleOf, Field } from '../../rules/field.js';
import { text, texts } from '../../rules/rules.js';

/** Whose credentials a request has, and what they allow. */
export class MeRecord {
  @Field(text, {
    description: 'The name of the credentials; `oidc:` and the subject for a token.',
    example: 'oidc:jane',
  })
  name: string;

  @Field(texts, {
    description: 'The scopes of `/admin`: `admin` is listed as the three that it includes.',
    example: ['admin-read', 'admin-act'],
  })
  scopes: string[];

  @Field(text, {
    optional: true,
    description: '`TRACE_URL_TEMPLATE`: the address of a trace, with `{traceId}` in it.',
    example: 'https://traces.internal/trace/{traceId}',
  })
  traceUrlTemplate?: string | undefined;
}

const GET_ME: OperationDescription = {
  id: 'getMe',
  tag: 'Admin',
  summary: 'Retrieve your credentials’ name and scopes',
  description: 'The name under which your acts are recorded, and what you may do. For user interfaces.',
  answer: {
    type: MeRecord,
    examples: { operator: { summary: 'An operator without admin-settle', value: exampleOf(MeRecord) } },
  },
};

const SCOPES = ['admin-read', 'admin-act', 'admin-settle'] as const;

/** `/admin/me`, for user interfaces, which offer only what the credentials allow. */
@Controller('admin/me')
export class MeController {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  @Get()
  @RequireScope('admin-read')
  @DescribeOperation(GET_ME)
  me(@Req() request: Request): MeRecord {
    refuseQuery(request);
    const { principal } = contextOf(request);
    return {
      name: principal?.name ?? '',
      scopes: SCOPES.filter((scope) => principal?.scopes.has(scope)),
      traceUrlTemplate: this.config.console.traceUrlTemplate,
    };
  }
}
