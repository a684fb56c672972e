import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

/** Reading an OpenAPI document as its users do. */

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly example?: unknown;
}

interface Content {
  readonly [mediaType: string]: { readonly examples?: Readonly<Record<string, Example>> };
}

export type Example = { readonly value: unknown } | { readonly $ref: string };

export interface OperationObject {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters: readonly (Parameter | { readonly $ref: string })[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, ResponseObject | { readonly $ref: string }>>;
}

export interface ResponseObject {
  readonly headers?: Readonly<Record<string, object>>;
  readonly content?: Content;
}

export interface OpenApiDocument {
  readonly openapi: string;
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly webhooks: Readonly<Record<string, { readonly post: OperationObject }>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, Record<string, unknown>>>>>;
}

export interface DocumentedOperation {
  readonly path: string;
  /** Lower case, as in the document. */
  readonly method: string;
  readonly operation: OperationObject;
  /** JSON pointer to the operation. */
  readonly pointer: string;
}

/** The response of an operation with a status, undefined if it has none, and the JSON pointer to it. */
export function responseOf(
  document: OpenApiDocument,
  { operation, pointer }: DocumentedOperation,
  status: string | number,
): { readonly response: ResponseObject | undefined; readonly pointer: string } {
  const response = operation.responses[status];
  if (!response || !('$ref' in response)) return { response, pointer: `${pointer}/responses/${status}` };
  const name = response.$ref.replace('#/components/responses/', '');
  return {
    response: document.components['responses']![name],
    pointer: `/components/responses/${name}`,
  };
}

export async function fetchDocument(gatewayUrl: string): Promise<OpenApiDocument> {
  const response = await fetch(`${gatewayUrl}/documentation/openapi.json`);
  return (await response.json()) as OpenApiDocument;
}

export function operationsOf({ paths }: OpenApiDocument): DocumentedOperation[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      path,
      method,
      operation,
      pointer: `/paths/${token(path)}/${method}`,
    })),
  );
}

/** The parameters of an operation, references followed. */
export function parametersOf(document: OpenApiDocument, { parameters }: OperationObject): Parameter[] {
  return parameters.map((parameter) =>
    '$ref' in parameter
      ? (document.components['parameters']![parameter.$ref.split('/').at(-1)!] as unknown as Parameter)
      : parameter,
  );
}

/** The value of an example, a reference followed. */
export function valueOf(document: OpenApiDocument, example: Example): unknown {
  return '$ref' in example
    ? (at(document, example.$ref.slice(1)) as { value: unknown }).value
    : example.value;
}

/** Validates values: the violations of the schema at `pointer` by `value`, or none. */
export type SchemaJudge = (pointer: string, value: unknown) => string | undefined;

export function schemaJudge(document: OpenApiDocument): SchemaJudge {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document, 'openapi');
  const compiled = new Map<string, ValidateFunction>();
  return (pointer, value) => {
    const { $ref } = at(document, pointer) as { $ref?: string };
    const target = $ref?.slice(1) ?? pointer;
    const fragment = target.split('/').map(encodeURIComponent).join('/');
    const validate = compiled.get(target) ?? ajv.compile({ $ref: `openapi#${fragment}` });
    compiled.set(target, validate);
    return validate(value) ? undefined : `${pointer}: ${ajv.errorsText(validate.errors)}`;
  };
}

function at(node: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((parent, name) => (parent as Record<string, unknown>)[name], node);
}

/** Every example in the document with a pointer to its schema. */
export function* examplesIn(
  document: OpenApiDocument,
  node: unknown = document,
  pointer = '',
): Generator<{ schema: string; value: unknown }> {
  if (typeof node !== 'object' || node === null) return;
  const { schema, example, examples } = node as Record<string, unknown>;
  if (schema !== undefined) {
    for (const named of Object.values((examples ?? {}) as Record<string, Example>))
      yield { schema: `${pointer}/schema`, value: valueOf(document, named) };
    if (example !== undefined) yield { schema: `${pointer}/schema`, value: example };
  } else if (Array.isArray(examples)) {
    for (const value of examples) yield { schema: pointer, value };
  }
  for (const [name, child] of Object.entries(node)) {
    if (name !== 'example' && name !== 'examples')
      yield* examplesIn(document, child, `${pointer}/${token(name)}`);
  }
}

/** A name as a part of a JSON pointer (RFC 6901 §3). */
export function token(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
