import { Injectable } from '@nestjs/common';
import type { ChangingOperation } from '../providers/operation.js';
import type { OperationLedger } from './operation-request.js';

/** Which room keeps the books of which operation. Rooms register at start, so that `operations` needs to import none. */
@Injectable()
export class OperationLedgers {
  readonly #ledgers = new Map<ChangingOperation, OperationLedger>();

  register(operations: readonly ChangingOperation[], ledger: OperationLedger): void {
    for (const operation of operations) this.#ledgers.set(operation, ledger);
  }

  of(operation: ChangingOperation): OperationLedger {
    const ledger = this.#ledgers.get(operation);
    if (!ledger) throw new Error(`No ledger is registered for ${operation}`);
    return ledger;
  }
}
