import { Injectable } from '@nestjs/common';
import type { LedgerRefs, Operation, OperationRequest } from '../operations/operation.js';
import type { OperationRow } from '../operations/operation.table.js';
import type { Trx } from '../persistence/store.js';
import type { RefundAnswer } from '../providers/answers.js';
import type { CallContext } from '../providers/external-provider.js';
import type { ProviderOutcome } from '../providers/provider-outcome.js';
import { newIdentifier } from '../shared/identifier.js';
import type { RefundRequest } from './refund-request.js';
import { RefundLedger } from './refund.ledger.js';
import type { RefundState } from './refund.table.js';

/** refund (SPEC §1). */
@Injectable()
export class RefundOperation implements Operation<RefundRequest, RefundAnswer> {
  readonly name = 'refund';

  constructor(private readonly refunds: RefundLedger) {}

  identity(body: RefundRequest): RefundRequest {
    return body;
  }

  refs(_request: OperationRequest<RefundRequest>, atMs: number): LedgerRefs {
    return { refundRef: newIdentifier('ref', atMs) };
  }

  open(trx: Trx, row: OperationRow, { input }: OperationRequest<RefundRequest>): Promise<void> {
    return this.refunds.open(trx, row, input);
  }

  call(
    { provider, input }: OperationRequest<RefundRequest>,
    context: CallContext,
  ): Promise<ProviderOutcome<RefundAnswer>> {
    return provider.refund(input, context);
  }

  settle(trx: Trx, row: OperationRow, outcome: ProviderOutcome<RefundAnswer>): Promise<void> {
    return this.refunds.settle(trx, row, stateAfter(outcome));
  }

  /** The gateway's own id: the contract does not let the external name one. */
  nameOf(_db: Trx, { refund_ref }: OperationRow): Promise<Readonly<Record<string, string>>> {
    return Promise.resolve({ ...(refund_ref !== null && { refundId: refund_ref }) });
  }

  /** The contract has no query for refunds: only the external's support knows the outcome. */
  inquire(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}

function stateAfter(outcome: ProviderOutcome<RefundAnswer>): RefundState {
  switch (outcome.kind) {
    case 'completed':
      return outcome.answer.result;
    case 'rejected':
    case 'not-executed':
      return 'KO';
    case 'unknown':
      return 'UNKNOWN';
    default:
      return outcome satisfies never;
  }
}
