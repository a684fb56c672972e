import zlib from 'node:zlib';
import type { OutboundAnswer } from './exchange.js';

type Decoder = (body: Buffer, limit: { readonly maxOutputLength: number }) => Buffer;

/** The content codings of RFC 9110 §8.4.1, and those that browsers know besides. */
const DECODERS: Readonly<Record<string, Decoder>> = {
  gzip: zlib.gunzipSync,
  'x-gzip': zlib.gunzipSync,
  // Meant is the zlib format; some servers send the bare stream (RFC 9110 §8.4.1.2).
  deflate: (body, limit) => (isZlib(body) ? zlib.inflateSync(body, limit) : zlib.inflateRawSync(body, limit)),
  br: zlib.brotliDecompressSync,
  zstd: zlib.zstdDecompressSync,
  identity: (body) => body,
};

/** More of them on one body are no mistake but an attack. */
const MAX_CODINGS = 2;

/**
 * The answer with its content codings undone: servers and proxies compress without being asked to. An answer that
 * cannot be decoded, or not within `maxBytes`, is returned as it is, and keeps its `content-encoding`.
 */
export function decoded(answer: OutboundAnswer, maxBytes: number): OutboundAnswer {
  const { 'content-encoding': header, ...headers } = answer.headers;
  if (header === undefined || answer.body.length === 0) return answer;
  const codings = String(header)
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '');
  if (codings.length > MAX_CODINGS || codings.some((coding) => !Object.hasOwn(DECODERS, coding)))
    return answer;
  try {
    const limit = { maxOutputLength: maxBytes };
    const body = codings.reduceRight((bytes, coding) => DECODERS[coding]!(bytes, limit), answer.body);
    return { ...answer, headers, body };
  } catch {
    return answer;
  }
}

/** RFC 1950 §2.2: the method 8, and a check of the first two bytes. */
function isZlib(body: Buffer): boolean {
  return body.length >= 2 && (body[0]! & 0x0f) === 8 && body.readUInt16BE(0) % 31 === 0;
}
