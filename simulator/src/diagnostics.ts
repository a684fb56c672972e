import { reportOf, totalsOf, type ReportSources } from './book-report.js';
import type { Routes } from './http.js';
import { indexPage } from './index-page.js';
import type { RequestLog } from './request-log.js';

interface DiagnosticsParts extends ReportSources {
  readonly requests: RequestLog;
  readonly publicUrl: () => string;
  readonly clearBook: () => void;
}

const NEWEST = 20;

/** Routes outside the contract: executed operations, received requests, health and the index page. */
export function diagnosticsRoutes(parts: DiagnosticsParts): Routes {
  const { book, contract, requests } = parts;
  return {
    '/': {
      get: (_request, response) => {
        const newest = [...book.payments.values()].slice(-NEWEST).toReversed();
        indexPage(response, {
          url: parts.publicUrl(),
          routes: contract.routes,
          totals: totalsOf(parts),
          newest,
        });
      },
    },
    '/health': { get: (_request, response) => response.json({ status: 'ok' }) },
    '/book': {
      get: ({ query }, response) => response.json(reportOf(parts, query)),
      delete: (_request, response) => {
        parts.clearBook();
        response.json({ cleared: true });
      },
    },
    '/requests': {
      get: ({ query }, response) => {
        const items = requests.report(Number(query.limit) || undefined);
        response.json({ count: items.length, items });
      },
      delete: (_request, response) => {
        requests.clear();
        response.json({ cleared: true });
      },
    },
  };
}
