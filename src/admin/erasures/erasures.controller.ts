import { Controller, Post } from '@nestjs/common';
import { type Operator, OperatorOf } from '../../audit/operator.js';
import { JsonBody } from '../../http/json-body.decorator.js';
import { DescribeOperation, type OperationDescription } from '../../http/openapi/operation-description.js';
import { RequireScope } from '../../http/require-scope.decorator.js';
import { exampleOf } from '../../rules/field.js';
import { ErasureRecord, ErasureRequest } from './erasure-request.js';
import { Erasures } from './erasures.service.js';

const ERASE: OperationDescription = {
  id: 'eraseTexts',
  tag: 'Admin',
  summary: 'Erase the texts of a payment, an order or a subscription',
  description:
    'Empties what may name a person, for good: bodies of callbacks, `metadata` and `action`, redirect URLs and links, descriptions and error texts of the external, answers of receivers, reasons of operators. Notifications that wait and stored answers lose theirs too, and texts that arrive later are not stored. Ids, amounts, states, times and the audit stay, and so does an `Idempotency-Key` until it expires: a repeat gets the stored answer without its texts. Refused with `conflict` while an operation is running or a payment is UNKNOWN, because what the external still answers decides about money.',
  destructive: true,
  request: {
    type: ErasureRequest,
    examples: {
      payment: {
        summary: 'One payment',
        value: { paymentId: 'pm_7f3a', external: 'acme', reason: 'Request of 3 February, ticket 4711' },
      },
      order: {
        summary: 'An order',
        value: { shopTransactionId: 'order-1001', reason: 'Request of 3 February, ticket 4711' },
      },
      subscription: {
        summary: 'A subscription and its payments',
        value: { subscriptionToken: 'sub_91c2', reason: 'Request of 3 February, ticket 4711' },
      },
    },
  },
  answer: {
    type: ErasureRecord,
    examples: { erased: { summary: 'Erased', value: exampleOf(ErasureRecord) } },
  },
  problems: ['not-found', 'conflict'],
};

/** Operators erase texts on request of a person (SPEC §10). */
@Controller('admin/erasures')
export class ErasuresController {
  constructor(private readonly erasures: Erasures) {}

  @Post()
  @RequireScope('admin-settle')
  @DescribeOperation(ERASE)
  erase(@OperatorOf() operator: Operator, @JsonBody() body: ErasureRequest): Promise<ErasureRecord> {
    return this.erasures.erase(body, operator);
  }
}
