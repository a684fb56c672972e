import { Injectable, Logger } from '@nestjs/common';
import type { OperationAnswer } from '../http/http-answer.js';
import { Store, type Trx } from '../persistence/store.js';
import { Problem } from '../problems/problem.js';
import { maskCardNumbers } from '../sensitive/card-number.js';
import { Clock } from '../shared/clock.js';
import { GrowingIdentifiers } from '../shared/identifier.js';
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

/** What came of an act. */
export interface Conclusion {
  readonly result: Exclude<AuditResult, 'refused'>;
  readonly change: string;
}

const OWN_ID = /^[a-z]{2,3}_[0-9a-f-]{36}$/;
const REFUSAL_WINDOW_MS = 60_000;
const MAX_REFUSALS = 10;

/** The acts of operators (SPEC §10). Entries are only ever appended; the database refuses anything else. */
@Injectable()
export class AuditLog {
  readonly #logger = new Logger('Audit');
  /** What came of an act is listed after its begin, also where both are of the same millisecond. */
  readonly #ids = new GrowingIdentifiers('aud');
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
   * Appends that an act which calls an external begins, in a transaction before the call: the answer, or its absence, must not
   * decide whether the act is recorded. {@link concluded} appends what came of it.
   */
  async begin(trx: Trx, operator: Operator, act: AuditedAct): Promise<void> {
    await this.#insert(trx, operator, 'begun', act);
  }

  /**
   * Executes an act that calls an external, and appends what came of it. The answer, or the error, is that of `execute`:
   * a failure to append is logged.
   *
   * @param conclude what the answer says
   */
  async concluded<Answer>(
    operator: Operator,
    act: AuditedAct,
    execute: () => Promise<Answer>,
    conclude: (answer: Answer) => Conclusion,
  ): Promise<Answer> {
    let answer: Answer;
    try {
      answer = await execute();
    } catch (error) {
      await this.#conclude(operator, act, failureOf(error));
      throw error;
    }
    await this.#conclude(operator, act, conclude(answer));
    return answer;
  }

  async #conclude(operator: Operator, act: AuditedAct, { result, change }: Conclusion): Promise<void> {
    try {
      await this.store.transaction((trx) => this.#insert(trx, operator, result, { ...act, change }));
    } catch (error) {
      this.#logger.error(
        { err: error, operator: operator.name, action: operator.action, result, change },
        'What came of an act was not recorded',
      );
    }
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
      id: this.#ids.next(at),
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

/** Of the external's answer to a refund or a cancellation. */
export function conclusionOf({ body, replayed }: OperationAnswer): Conclusion {
  const { result } = JSON.parse(body) as { readonly result: keyof typeof CONCLUSIONS };
  return { result: CONCLUSIONS[result], change: replayed ? `${result} (repeated request)` : result };
}

const CONCLUSIONS = { OK: 'done', KO: 'failed', PENDING: 'begun' } as const;

function failureOf(error: unknown): Conclusion {
  if (!(error instanceof Problem)) return { result: 'unknown', change: 'internal-error' };
  return { result: error.outcome === 'unknown' ? 'unknown' : 'failed', change: error.code };
}
