import { Injectable, Logger } from '@nestjs/common';
import { Store, type Trx } from '../persistence/store.js';
import { maskCardNumbers } from '../sensitive/card-number.js';
import { Clock } from '../shared/clock.js';
import { newIdentifier } from '../shared/identifier.js';
import type { AuditEntryRow, AuditResult } from './audit.table.js';
import type { Operator } from './operator.js';

/** What an operator's act is about. */
export interface AuditedAct {
  /** The gateway's id of the row; undefined for an act on many. */
  readonly subject?: string | undefined;
  readonly external?: string | undefined;
  readonly change?: string;
  readonly reason?: string;
}

const OWN_ID = /^[a-z]{2,3}_[0-9a-f-]{36}$/;
const REFUSAL_WINDOW_MS = 60_000;
const MAX_REFUSALS = 10;

/** The acts of operators (SPEC §10). Entries are only ever appended; the database refuses anything else. */
@Injectable()
export class AuditLog {
  readonly #logger = new Logger('Audit');
  /** Refusals of the current window by operator. */
  readonly #refusals = new Map<string, number>();
  #windowEndsAtMs = 0;

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  /** Appends an act in the transaction that performs it: neither is stored without the other. */
  async append(trx: Trx, operator: Operator, act: AuditedAct): Promise<void> {
    await this.#insert(trx, operator, 'done', act);
  }

  /**
   * Records that the operator lacks the scope of an act: at most ten in a minute for each of them, since the entries
   * cannot be deleted. A failure to store it is logged.
   *
   * @param subject the id in the path, which is not validated yet
   */
  async refused(operator: Operator, subject: unknown): Promise<void> {
    if (!this.#mayRecord(operator.name)) return;
    const known = typeof subject === 'string' && OWN_ID.test(subject) ? subject : undefined;
    try {
      await this.store.transaction((trx) => this.#insert(trx, operator, 'refused', { subject: known }));
    } catch (error) {
      this.#logger.error(
        { err: error, operator: operator.name, action: operator.action },
        'A refused act was not recorded',
      );
    }
  }

  #mayRecord(name: string): boolean {
    const nowMs = this.clock.now();
    if (nowMs >= this.#windowEndsAtMs) {
      this.#refusals.clear();
      this.#windowEndsAtMs = nowMs + REFUSAL_WINDOW_MS;
    }
    const before = this.#refusals.get(name) ?? 0;
    this.#refusals.set(name, before + 1);
    return before < MAX_REFUSALS;
  }

  async #insert(
    trx: Trx,
    { name, action, address, requestId, traceparent }: Operator,
    result: AuditResult,
    { subject, external, change, reason }: AuditedAct,
  ): Promise<void> {
    const at = this.clock.now();
    const entry: AuditEntryRow = {
      id: newIdentifier('aud', at),
      at,
      operator: name,
      action,
      result,
      subject: subject ?? null,
      external: external ?? null,
      change: change ?? null,
      reason: reason === undefined ? null : maskCardNumbers(reason),
      address: address ?? null,
      request_id: requestId,
      traceparent,
    };
    await trx.insertInto('audit_entries').values(entry).execute();
  }
}
