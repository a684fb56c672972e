import type { Request, RequestHandler, Response } from 'express';
import helmet from 'helmet';

/** Answers are data: nothing of them is to be shown, framed or fetched by a page of somebody else. */
const DATA = { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } };

/** Swagger UI: its own scripts, inline styles, pictures of its own and as data. */
const PAGES = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", 'data:'],
    fontSrc: ["'self'", 'data:'],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
  },
};

const DOCUMENTATION = /^\/documentation(\/|$)/;

/**
 * Helmet's headers. TLS usually ends before the gateway, which may be reached without it as well: pages are not upgraded
 * to https, and the names below its own are none of its business. What is answered is kept by no cache.
 */
export function securityHeaders(): RequestHandler {
  const common = {
    strictTransportSecurity: { includeSubDomains: false },
    xFrameOptions: { action: 'deny' },
  } as const;
  const data = headersOf(helmet({ ...common, contentSecurityPolicy: DATA }));
  const pages = headersOf(helmet({ ...common, contentSecurityPolicy: PAGES }));
  data.set('Cache-Control', 'no-store');
  return (request, response, next) => {
    for (const [name, value] of DOCUMENTATION.test(request.path) ? pages : data) {
      response.setHeader(name, value);
    }
    next();
  };
}

/** What helmet sets is the same for every answer, and so it is asked once: a dozen functions for each request cost more. */
function headersOf(middleware: RequestHandler): Map<string, string> {
  const headers = new Map<string, string>();
  const response = {
    setHeader: (name: string, value: string) => headers.set(name, value),
    removeHeader: (name: string) => headers.delete(name),
  };
  void middleware({} as Request, response as unknown as Response, () => {});
  return headers;
}
