import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { Problem } from '../problems/problem.js';
import { answerProblem } from './problem.filter.js';
import { invalid } from './request-parameters.js';

export const MAX_HEADER_BYTES = 16_384;
export const MAX_QUERY_BYTES = 8_192;
export const MAX_PATH_BYTES = 4_096;

/** The colon, space and line end of a header, which `rawHeaders` does not have. */
const HEADER_PUNCTUATION_BYTES = 4;
const ABSOLUTE_FORM = /^https?:\/\/[^/?]*/i;
/**
 * The characters of path and query (RFC 3986 §3.3, §3.4), and those that browsers do not encode. Neither `#` nor `\`.
 */
const ORIGIN_FORM = /^\/[!"$-[\]^-~]*$/;

/**
 * Refuses requests that exceed the limits of SPEC §3, or whose target or host is ambiguous: router, guard and proxy
 * must read them in the same way. An absolute target (RFC 9112 §3.2.2) is reduced to path and query.
 */
export const requestLimits: RequestHandler = (request, response, next) => {
  request.url = request.originalUrl = originForm(request.originalUrl);
  const problem = excessOf(request);
  if (problem) answerProblem(request, response, problem);
  else next();
};

export function originForm(target: string): string {
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
  if (pathBytes > MAX_PATH_BYTES) return new Problem('uri-too-long', 'The path exceeds 4 KiB.');
  if (target.length - pathBytes > MAX_QUERY_BYTES + 1) {
    return new Problem('uri-too-long', 'The query exceeds 8 KiB.');
  }
  if (headerBytes(rawHeaders) > MAX_HEADER_BYTES) {
    return new Problem('headers-too-large', 'The headers exceed 16 KiB.');
  }
  if (!ORIGIN_FORM.test(target)) return invalid('/path', 'must begin with / and be percent-encoded');
  // The parser removes the last coding, chunked, only; a coding below it would remain, and a proxy might decode it.
  if (headers['transfer-encoding'] !== undefined && !/^chunked$/i.test(headers['transfer-encoding'])) {
    return invalid('/headers/transfer-encoding', 'must be chunked only');
  }
  const hosts = headersDistinct['host']?.length ?? 0;
  return hosts > 1 || (hosts === 0 && httpVersion === '1.1')
    ? invalid('/headers/host', 'must be given once')
    : undefined;
}

function headerBytes(rawHeaders: readonly string[]): number {
  let bytes = 0;
  for (const text of rawHeaders) bytes += text.length;
  return bytes + (rawHeaders.length / 2) * HEADER_PUNCTUATION_BYTES;
}
