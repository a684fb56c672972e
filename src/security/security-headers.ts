import type { Request, RequestHandler, Response } from 'express';
import helmet from 'helmet';

/** Answers are data: no other page may show, frame or fetch them. */
const DATA = { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } };

/** Swagger UI: its own scripts, inline styles, its own images and data URLs. */
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
 * Helmet's headers. TLS usually ends before the gateway, which may be reached without it as well: pages are not
 * upgraded to https, and subdomains are not covered. No cache may store an answer.
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

/** Helmet sets the same headers on every answer, so it runs once: a dozen functions per request would cost more. */
function headersOf(middleware: RequestHandler): Map<string, string> {
  const headers = new Map<string, string>();
  const response = {
    setHeader: (name: string, value: string) => headers.set(name, value),
    removeHeader: (name: string) => headers.delete(name),
  };
  void middleware({} as Request, response as unknown as Response, () => {});
  return headers;
}
