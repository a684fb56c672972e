import { reportOf, totalsOf, type BookFilter, type BookReport, type ReportSources } from './book-report.js';
import type { Book } from './book.js';
import type { CallbackSender } from './callback-sender.js';
import type { External } from './external.js';
import { json, readableJson, type Routes } from './http-server.js';
import type { IdempotentAnswers } from './idempotent-answers.js';
import { indexPage } from './index-page.js';
import type { RequestLog } from './request-log.js';
import type { Timers } from './timers.js';

export interface DiagnosticsParts {
  readonly book: Book;
  readonly answers: IdempotentAnswers;
  readonly external: External;
  readonly callbacks: CallbackSender;
  readonly requests: RequestLog;
  readonly settlementTimers: Timers;
  readonly publicUrl: () => string;
}

const MAX_LISTED = 1_000;
const NEWEST = 20;

/** Routes outside the contract: executed operations, received requests, health and the index page. */
export class Diagnostics {
  constructor(private readonly parts: DiagnosticsParts) {}

  routes(): Routes {
    const { requests } = this.parts;
    return {
      'GET /': () => this.#index(),
      'GET /health': () => json(200, { status: 'ok' }),
      'GET /book': ({ query }) =>
        readableJson(
          this.report({
            paymentId: query.get('paymentId'),
            shopTransactionId: query.get('shopTransactionId'),
          }),
        ),
      'DELETE /book': () => {
        this.clearBook();
        return json(200, { cleared: true });
      },
      'GET /requests': ({ query }) => {
        const items = requests.report(Number(query.get('limit')) || MAX_LISTED);
        return readableJson({ count: items.length, items });
      },
      'DELETE /requests': () => {
        requests.clear();
        return json(200, { cleared: true });
      },
    };
  }

  report(filter?: BookFilter): BookReport {
    return reportOf(this.#sources(), filter);
  }

  /** Deletes executed operations and idempotency keys, and cancels pending settlements. */
  clearBook(): void {
    const { settlementTimers, book, external, callbacks } = this.parts;
    settlementTimers.clear();
    book.clear();
    external.clear();
    callbacks.clear();
  }

  #index() {
    const { book, publicUrl } = this.parts;
    const newest = book.payments.values().toArray().slice(-NEWEST).toReversed();
    return indexPage(publicUrl(), totalsOf(this.#sources()), newest);
  }

  #sources(): ReportSources {
    const { book, answers, external, callbacks } = this.parts;
    return { book, answers, calls: external.counts, callbacks: callbacks.counts };
  }
}
