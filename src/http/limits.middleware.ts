import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { Problem } from '../problems/problem.js';
import { answerProblem } from './problem.filter.js';

export const MAX_HEADER_BYTES = 16_384;
export const MAX_QUERY_BYTES = 8_192;
export const MAX_PATH_BYTES = 4_096;

/** `name: value` and the line's end, of which `rawHeaders` has the two texts only. */
const HEADER_PUNCTUATION_BYTES = 4;
const ABSOLUTE_FORM = /^https?:\/\/[^/?]*/i;
/** Pieces of a path and query (RFC 3986 §3.3, §3.4), and what browsers leave as it is. Neither `#` nor `\`. */
const ORIGIN_FORM = /^\/[!"$-[\]^-~]*$/;

/**
 * Refuses requests that are larger than SPEC §3 allows, or whose target or host is ambiguous: a router, a guard and a proxy must
 * not read them differently. An absolute target (RFC 9112 §3.2.2) goes on as path and query.
 */
export const requestLimits: RequestHandler = (request, response, next) => {
  request.url = request.originalUrl = originForm(request.originalUrl);
  const problem = excessOf(request);
  if (problem) answerProblem(request, response, problem);
  else next();
};

function originForm(target: string): string {
  const authority = ABSOLUTE_FORM.exec(target)?.[0];
  if (authority === undefined) return target;
  const rest = target.slice(authority.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function excessOf({
  url: target = '',
  rawHeaders,
  headers,
  headersDistinct,
  httpVersion,
}: IncomingMessage): Problem | undefined {
  const query = target.indexOf('?');
  const pathBytes = query < 0 ? target.length : query;
  if (pathBytes > MAX_PATH_BYTES) return new Problem('uri-too-long', 'The path has more than 4 KiB.');
  if (target.length - pathBytes > MAX_QUERY_BYTES + 1) {
    return new Problem('uri-too-long', 'The query has more than 8 KiB.');
  }
  if (headerBytes(rawHeaders) > MAX_HEADER_BYTES) {
    return new Problem('headers-too-large', 'The headers have more than 16 KiB.');
  }
  if (!ORIGIN_FORM.test(target)) return malformed('/path', 'must begin with / and be percent-encoded');
  // The parser takes chunks out of whatever was chunked last; the coding below stays on, and others may undo it.
  if (headers['transfer-encoding'] !== undefined && !/^chunked$/i.test(headers['transfer-encoding'])) {
    return malformed('/headers/transfer-encoding', 'must be chunked, and no more');
  }
  const hosts = headersDistinct['host']?.length ?? 0;
  return hosts > 1 || (hosts === 0 && httpVersion === '1.1')
    ? malformed('/headers/host', 'must be given once')
    : undefined;
}

function headerBytes(rawHeaders: readonly string[]): number {
  let bytes = 0;
  for (const text of rawHeaders) bytes += text.length;
  return bytes + (rawHeaders.length / 2) * HEADER_PUNCTUATION_BYTES;
}

function malformed(pointer: string, detail: string): Problem {
  return new Problem('validation-failed', `${pointer.slice(1).replaceAll('/', ' ')}: ${detail}.`, {
    errors: [{ pointer, detail }],
  });
}
