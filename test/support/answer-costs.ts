import zlib from 'node:zlib';
import { decoded } from '../../src/outbound/content-coding.js';
import type { OutboundAnswer } from '../../src/outbound/exchange.js';
import { readJsonDocument } from '../../src/outbound/json-document.js';
import { readAnswerBody } from '../../src/providers/answer-body.js';
import { AnswerEcho } from '../../src/providers/answer-echo.js';
import { readAnswer } from '../../src/providers/answer-reader.js';
import { PaymentStatusAnswer } from '../../src/providers/answers.js';
import { REQUEST_BOUNDS } from '../../src/http/json-body.js';
import { SecretMask } from '../../src/sensitive/secret-mask.js';
import { readJson } from '../../src/shared/json-reader.js';

/**
 * Prints what reading each hostile answer costs, as `[what, CPU in ms]` in JSON: a program of its own, as the contexts in
 * which Jest runs tests are several times slower.
 */

const MEBIBYTE = 1_048_576;
const ENOUGH_MS = 12;

const fill = (unit: string, bytes: number): string =>
  unit.repeat(Math.floor(bytes / Buffer.byteLength(unit)));
const list = (unit: string, bytes: number): string => `[${fill(`${unit},`, bytes - 10)}0]`;
const keys = (bytes: number, member = (i: number) => `"k${i}":1`): string => {
  let text = '';
  for (let i = 0; text.length < bytes - 30; i += 1) text += `${i > 0 ? ',' : ''}${member(i)}`;
  return text;
};
const answer = (members: string): string => `{"status":"ACCEPTED",${members}}`;
const levels = (bytes: number): string => fill('[', bytes / 2) + fill(']', bytes / 2);

const KIB_64 = 65_000;
/** What fills a value, by length. */
const CONTENTS: Readonly<Record<string, (bytes: number) => string>> = {
  '"4%20…"': (bytes) => `"${fill('4%20', bytes - 2)}"`,
  '"4 …"': (bytes) => `"${fill('4 ', bytes - 2)}"`,
  'groups that are nearly cards': (bytes) => `"${fill('4111 ', bytes - 2)}"`,
  cards: (bytes) => list('"4111111111111111"', bytes),
  levels,
  'levels of objects': (bytes) => `${fill('{"a":', bytes * 0.8)}1${fill('}', bytes / 6)}`,
  'empty objects': (bytes) => list('{}', bytes),
  'objects with names of their own': (bytes) => `[${keys(bytes, (i) => `{"k${i}":1}`)}]`,
  names: (bytes) => `{${keys(bytes)}}`,
  digits: (bytes) => list('1', bytes),
  'numbers that a double cannot hold': (bytes) => list('1e400', bytes),
  'such numbers, deep': (bytes) => `${fill('[', 900)}${list('1e400', bytes - 2_000)}${fill(']', 900)}`,
  'escapes of escapes': (bytes) => `"${fill('%25', bytes - 2)}"`,
  references: (bytes) => `"${fill('&#38;#97;', bytes - 2)}"`,
  base64: (bytes) => `"${fill('YWFh', bytes - 2)}"`,
  'a letter': (bytes) => `"${fill('a', bytes - 2)}"`,
  escapes: (bytes) => `"${fill(String.raw`\u0034`, bytes - 2)}"`,
  backslashes: (bytes) => `"${fill('\\\\', bytes - 2)}"`,
  spaces: (bytes) => fill(' ', bytes) + '1',
};

const ANSWERS = Object.entries(CONTENTS).flatMap(([what, content]): [string, string][] => [
  [`1 MiB of ${what} as metadata`, answer(`"metadata":${content(MEBIBYTE - 100)}`)],
  [`1 MiB of ${what} in a field that is dropped`, answer(`"note":${content(MEBIBYTE - 100)}`)],
  [`1 MiB of ${what} as description`, answer(`"resultDescription":${content(MEBIBYTE - 100)}`)],
  [`1 MiB of ${what} as an id`, answer(`"paymentId":${content(MEBIBYTE - 100)}`)],
  [`64 KiB of ${what} as metadata`, answer(`"metadata":${content(KIB_64)}`)],
]);

const WORST = answer(
  `"metadata":${CONTENTS['"4%20…"']!(KIB_64)},"note":${CONTENTS['digits']!(MEBIBYTE - KIB_64 - 200)}`,
);

/** What parsing {@link REFERENCE} costs on the calm machine for which the limit was chosen. */
const REFERENCE_MS = 8;
const REFERENCE = list('1', MEBIBYTE);
const RUNS = 30;

function cpuMs(work: () => void): number {
  const startedAt = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(startedAt);
  return (user + system) / 1_000;
}

/**
 * CPU time of this thread, in milliseconds of a calm machine: others share its caches and, on a virtual one, the time that
 * is counted. The shortest of some runs, each compared with a reference beside it.
 */
function costMs(work: () => void): number {
  let bestMs = Infinity;
  for (let run = 0; run < RUNS && bestMs > ENOUGH_MS; run += 1) {
    const referenceMs = cpuMs(() => void JSON.parse(REFERENCE));
    bestMs = Math.min(bestMs, (cpuMs(work) * REFERENCE_MS) / Math.max(referenceMs, REFERENCE_MS));
  }
  return bestMs;
}

const SECRETS = new SecretMask([
  'tk+Zq7/Hn2"Wd9\\Lx4&Rb6=Vc1',
  'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  '4444444444444444',
]);
const REQUEST = { amount: 1, providerData: { token: 'tok_8dK2mQ/x+9vR', digits: '4 4 4 4 4 4 4 4 5' } };

function read(given: OutboundAnswer): void {
  const reading = readAnswerBody(decoded(given, MEBIBYTE), new AnswerEcho(SECRETS, REQUEST));
  if (!reading.ok || reading.violation !== undefined) return;
  const result = readAnswer(PaymentStatusAnswer, reading.json, {});
  if (result.ok) JSON.stringify(result.value);
}

const asAnswer = (body: Buffer, headers: OutboundAnswer['headers'] = {}): OutboundAnswer => ({
  status: 200,
  headers,
  body,
});

const costs = [
  ...[...ANSWERS, ['the worst of both', WORST] as const].map(([what, text]) => {
    const given = asAnswer(Buffer.from(text));
    return [what, costMs(() => read(given))];
  }),
  ...[
    ['gzip', zlib.gzipSync] as const,
    ['br', zlib.brotliCompressSync] as const,
    ['zstd', zlib.zstdCompressSync] as const,
  ].map(([coding, compress]) => {
    const given = asAnswer(compress(Buffer.alloc(64 * MEBIBYTE)), { 'content-encoding': coding });
    return [`a bomb of ${coding}`, costMs(() => read(given))];
  }),
  ...Object.entries(CONTENTS).map(([what, content]) => {
    const document = `{"access_token":"t","note":${content(131_000)}}`;
    return [`an OpenID document of 128 KiB of ${what}`, costMs(() => void readJsonDocument(document))];
  }),
  ...Object.entries(CONTENTS).map(([what, content]) => {
    const body = Buffer.from(`{"amount":1,"providerData":${content(130_000)}}`);
    return [`a request of 128 KiB of ${what}`, costMs(() => void readJson(body, REQUEST_BOUNDS))];
  }),
];
process.stdout.write(JSON.stringify(costs));
