import { reportOf, totalsOf, type ReportSources } from './book-report.js';
import { bookPage } from './book-page.js';
import { wantsPage, type Routes } from './http.js';
import { indexPage } from './index-page.js';
import type { RequestLog } from './request-log.js';
import { requestsPage } from './requests-page.js';

interface DiagnosticsParts extends ReportSources {
  readonly requests: RequestLog;
  readonly publicUrl: () => string;
  /** The gateway's address of this external, if the simulator knows it. */
  readonly gatewayUrl: () => string | undefined;
  /** Whether it remembers across restarts. */
  readonly remembers: boolean;
  readonly clearBook: () => void;
}

const NEWEST = 20;
/** On the page; the JSON has all. */
const NEWEST_CALLS = 100;

/** Routes outside the contract: executed operations, received requests, health and the index page. */
export function diagnosticsRoutes(parts: DiagnosticsParts): Routes {
  const { book, contract, requests } = parts;
  return {
    '/': {
      get: (_request, response) => {
        const newest = [...book.payments.values()].slice(-NEWEST).toReversed();
        indexPage(response, {
          url: parts.publicUrl(),
          gatewayUrl: parts.gatewayUrl(),
          remembers: parts.remembers,
          routes: contract.routes,
          totals: totalsOf(parts),
          newest,
        });
      },
    },
    '/health': { get: (_request, response) => response.json({ status: 'ok' }) },
    '/book': {
      get: (request, response) => {
        const report = reportOf(parts, request.query);
        if (wantsPage(request, response)) bookPage(response, report, request.query);
        else response.json(report);
      },
      delete: (_request, response) => {
        parts.clearBook();
        response.json({ cleared: true });
      },
    },
    '/requests': {
      get: (request, response) => {
        const page = wantsPage(request, response);
        const limit = Number(request.query.limit) || (page ? NEWEST_CALLS : undefined);
        const items = requests.report(limit);
        if (page) requestsPage(response, items);
        else response.json({ count: items.length, items });
      },
      delete: (_request, response) => {
        requests.clear();
        response.json({ cleared: true });
      },
    },
  };
}
