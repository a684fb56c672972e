import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import openapiTS, { astToString } from 'openapi-typescript';
import { loadConfig } from '../src/config/load-config.js';
import { createApp } from '../src/create-app.js';

interface ImportRule {
  readonly name: string;
  readonly to: { readonly pathNot?: string | readonly string[] };
}

const ARCHITECTURE = 'docs/architecture.md';
const DIAGRAM = /(?<=<!-- modules: npm run docs:write -->\n).*?(?=<!-- modules end -->)/s;

/** A code block that repeats a file of docs/. */
const SAMPLE = /(<!-- sample: (\S+) -->\n\n```\w+\n)[^]*?(?<=\n)(?=```\n)/g;

/** Returns the documents that the source code determines, as path and content. `npm run docs:write` writes them. */
export async function generatedDocs(): Promise<Readonly<Record<string, string>>> {
  const { forbidden } = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as {
    forbidden: readonly ImportRule[];
  };
  const diagram = `\n\`\`\`mermaid\n${moduleDiagram(modulesIn(forbidden))}\n\`\`\`\n\n`;
  const architecture = readFileSync(ARCHITECTURE, 'utf8');
  if (!DIAGRAM.test(architecture)) throw new Error(`${ARCHITECTURE} has no place for the diagram of modules`);
  const document = await openApiDocument();
  return {
    'docs/openapi.json': document,
    'client/src/generated/openapi.ts': await clientTypes(document),
    [ARCHITECTURE]: architecture.replace(DIAGRAM, () => diagram),
    ...guidesWithSamples(),
  };
}

/** The types of `@tollgate/client`. */
async function clientTypes(document: string): Promise<string> {
  return `/* From docs/openapi.json: npm run docs:write */\n\n${astToString(await openapiTS(document))}`;
}

/** The guides with a `<!-- sample: PATH -->`, whose code blocks repeat the file of that path. */
function guidesWithSamples(): Readonly<Record<string, string>> {
  const guides = globSync('docs/*.md').map((path) => [path, readFileSync(path, 'utf8')] as const);
  const withSamples = guides.filter(([, text]) => text.search(SAMPLE) >= 0);
  return Object.fromEntries(
    withSamples.map(([path, text]) => [
      path,
      text.replace(
        SAMPLE,
        (_, start: string, sample: string) => start + readFileSync(`docs/${sample}`, 'utf8'),
      ),
    ]),
  );
}

async function openApiDocument(): Promise<string> {
  const app = await createApp(loadConfig({ DATABASE_URL: 'sqlite::memory:', LOG_LEVEL: 'fatal' }));
  try {
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/documentation/openapi.json`);
    return `${JSON.stringify(await response.json(), null, 2)}\n`;
  } finally {
    await app.close();
  }
}

/** Reads the modules that each module may import from the rules named `module-NAME`. */
export function modulesIn(rules: readonly ImportRule[]): ReadonlyMap<string, readonly string[]> {
  const modules = new Map<string, readonly string[]>();
  for (const { name, to } of rules) {
    const module = /^module-(.+)$/.exec(name)?.[1];
    if (module === undefined) continue;
    const allowed = [to.pathNot ?? []]
      .flat()
      .flatMap((pattern) => /^\^src\/([\w-]+)\/$/.exec(pattern)?.[1] ?? []);
    modules.set(
      module,
      allowed.filter((other) => other !== module),
    );
  }
  return modules;
}

/** A Mermaid flowchart. An arrow that follows from two others is left out. */
export function moduleDiagram(modules: ReadonlyMap<string, readonly string[]>): string {
  const lines = [...modules].flatMap(([module, allowed]) => {
    const indirect = new Set(allowed.flatMap((other) => modules.get(other) ?? []));
    const direct = allowed.filter((other) => !indirect.has(other));
    return direct.length > 0 ? [`  ${module} --> ${direct.join(' & ')}`] : [];
  });
  return ['flowchart TD', ...lines].join('\n');
}
