import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ValidationPipe } from '@nestjs/common';
import fc from 'fast-check';
import { describedOperations } from '../http/openapi/operation-description.js';
import { readContract, readQuery } from './contract-reader.js';
import { type DtoClass, type FieldDeclaration, fieldsOf } from './field.js';

const SOURCE = new URL('..', import.meta.url).pathname;
const VALUES_PER_DTO = 200;

/** The DTO classes of all modules, with those in their fields. */
async function allDtos(): Promise<[string, DtoClass][]> {
  const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
    .filter((file) =>
      /^\s*@(Nested|Query)?Field\(|= pageClass\(/m.test(readFileSync(join(SOURCE, file), 'utf8')),
    );
  const modules = await Promise.all(
    files.map(async (file) => (await import(join(SOURCE, file))) as Record<string, unknown>),
  );
  const described = describedOperations().flatMap(({ description: { request, answer } }) => [
    request?.type,
    'type' in answer ? answer.type : undefined,
  ]);
  const classes = [...modules.flatMap((module) => Object.values(module)), ...described].filter(
    (each): each is DtoClass => typeof each === 'function' && fieldsOf(each).length > 0,
  );
  const nested = classes.flatMap((type) => fieldsOf(type).flatMap((field) => field.nested?.() ?? []));
  return [...new Set([...classes, ...nested])].map((type) => [type.name, type]);
}

const ODD_VALUES: unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  '',
  'x',
  '12',
  'a\u0000b',
  'x'.repeat(255),
  'x'.repeat(256),
  '4111111111111111',
  'EUR',
  'eur',
  'https://shop.example/a',
  'javascript:alert(1)',
  `https://shop.example/${'a'.repeat(2_048)}`,
  '2026-01-31T12:00:00Z',
  '2026-02-30T12:00:00Z',
  [],
  ['x'],
  [{}],
  {},
  { deep: { value: [null] } },
];

/** Values at the edges of the field's own schema. */
function edges({ rule: { schema } }: FieldDeclaration): unknown[] {
  const {
    minimum,
    maximum,
    maxLength,
    enum: words = [],
  } = schema as Record<string, number> & { enum?: string[] };
  return [
    ...[minimum, maximum]
      .filter((bound) => bound !== undefined)
      .flatMap((bound) => [bound - 1, bound, bound + 1]),
    ...(maxLength === undefined ? [] : ['x'.repeat(maxLength), 'x'.repeat(maxLength + 1)]),
    ...words,
  ];
}

/** Undefined for a field that is absent. */
function valueOf(field: FieldDeclaration): fc.Arbitrary<unknown> {
  const { nested, options, rule } = field;
  const accepted = options.example ?? [...edges(field), ...ODD_VALUES].find((value) => rule.accepts(value));
  return fc.oneof(
    { weight: 20, arbitrary: nested ? objectOf(nested()) : fc.constant(accepted) },
    { weight: 2, arbitrary: fc.constantFrom(undefined, accepted, ...edges(field)) },
    { weight: 1, arbitrary: fc.constantFrom(...ODD_VALUES) },
    { weight: 1, arbitrary: fc.string() },
  );
}

function objectOf(type: DtoClass): fc.Arbitrary<Record<string, unknown>> {
  const fields = Object.fromEntries(fieldsOf(type).map((field) => [field.name, valueOf(field)]));
  const unknown = fc.oneof({ weight: 15, arbitrary: fc.constant({}) }, fc.constant({ tpyo: 1 }));
  return fc
    .tuple(fc.record(fields), unknown)
    .map(([known, more]) => JSON.parse(JSON.stringify({ ...known, ...more })) as Record<string, unknown>);
}

/** A query as Express parses it: a text for each parameter, or several for one that is repeated. */
function queryOf(type: DtoClass): fc.Arbitrary<Record<string, string | string[]>> {
  return objectOf(type).map((values) =>
    Object.fromEntries(
      Object.entries(values)
        .filter(([, value]) => value !== null && !(Array.isArray(value) && value.length < 2))
        .map(([name, value]) => [
          name,
          typeof value === 'object' ? ['x', 'y'] : `${value as string | number | boolean}`,
        ]),
    ),
  );
}

const pipe = new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true });

async function pipeResult(type: DtoClass, value: unknown): Promise<unknown> {
  try {
    return plain(await pipe.transform(value, { type: 'body', metatype: type }));
  } catch {
    return 'refused';
  }
}

/** Without members that are undefined. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

/** Checks the values one after the other, and that some of them are accepted and some refused. */
async function compare<T>(
  type: DtoClass,
  values: fc.Arbitrary<T>,
  read: (value: T) => { readonly ok: boolean; readonly value?: object },
): Promise<void> {
  const counts = { accepted: 0, refused: 0 };
  for (const value of fc.sample(values, { numRuns: VALUES_PER_DTO, seed: 8 })) {
    const result = read(value);
    counts[result.ok ? 'accepted' : 'refused'] += 1;
    const mine = result.ok ? plain(result.value) : 'refused';
    expect([value, await pipeResult(type, structuredClone(value))]).toEqual([value, mine]);
  }
  expect([type.name, counts.accepted > 0, counts.refused > 0]).toEqual([type.name, true, true]);
}

const isQuery = (type: DtoClass): boolean => fieldsOf(type).every(({ read }) => read !== undefined);

const dtos = await allDtos();

describe('Nest’s ValidationPipe', () => {
  it('is compared for every DTO', () => {
    expect(dtos.length).toBeGreaterThan(50);
  });

  it.each(dtos)(`reads ${VALUES_PER_DTO} values of %s as the reader does`, async (_name, type) => {
    if (isQuery(type)) await compare(type, queryOf(type), (query) => readQuery(type, searchParams(query)));
    else
      await compare(type, objectOf(type), (value) => readContract(type, value, { unknownFields: 'refuse' }));
  });
});

function searchParams(query: Readonly<Record<string, string | string[]>>): URLSearchParams {
  const pairs = Object.entries(query).flatMap(([name, texts]) =>
    [texts].flat().map((text): [string, string] => [name, text]),
  );
  return new URLSearchParams(pairs);
}
