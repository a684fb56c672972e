/**
 * The last step of `npm run build`: joins what tsc wrote to dist/ and the packages that it imports into a few files,
 * because a start would search, read and compile 2,100. dist/ works before this step too, as after `nest build`.
 *
 * - tsc emits first: only it knows the types of `emitDecoratorMetadata`, by which Nest injects.
 * - Names of functions and classes are kept: Nest, Swagger and logs show them.
 * - What is imported on demand (PostgreSQL, OpenTelemetry, OIDC) has files of its own.
 * - Source maps lead stack traces to src/. Node reads the map that a file names when it loads the file: packages.js does
 *   not name its map, which is there for tools (`npm run path`, `npm run bench -- profile`).
 * - The command line (cli/src) is TypeScript without decorators, so that tsc need not emit it. What it imports of src/ is
 *   what tsc wrote to dist/. Each command has files of its own.
 * - Packages stay installed: files are read from them (Swagger UI), and the simulator is not bundled.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const ROOT = resolve(fileURLToPath(new URL('..', import.meta.url)));
const DIST = join(ROOT, 'dist');
const SRC = join(ROOT, 'src');
const CLI = join(ROOT, 'cli', 'src');

/** Node starts them, and they import nothing statically: they stay as tsc wrote them. */
const PROGRAMS = [
  'main.js',
  'persistence/sqlite/checkpoint.worker.js',
  'observability/operating/operating-thread.js',
];
const GATEWAY = 'start.js';
const MIGRATION = 'persistence/migrate.main.js';
/** Its presence says that the bundle is complete (scripts/build-if-needed.js). */
const LAST = 'packages.js';

const IN_PACKAGE = /[\\/]node_modules[\\/]/;
/** Loaded from where they are installed: a workspace with a program of its own, and optional packages. */
const NOT_BUNDLED = ['@tollgate/simulator', 'pino-pretty', 'pg-native'];
/** Nest and Swagger probe for these, and do without. */
const OPTIONAL = /^(?:@nestjs\/(?:microservices|websockets)|@fastify\/static)(?:\/|$)/;

/**
 * What imports `node:http` gets what `require` would give. An import makes Node read the getters of all of its exports, and
 * one of them executes Node's own undici, which takes 35 ms.
 */
const requiredHttp = {
  name: 'required-http',
  resolveId: (source) => (/^(?:node:)?http$/.test(source) ? '\0http.cjs' : undefined),
  load: (id) => (id === '\0http.cjs' ? `module.exports = process.getBuiltinModule('node:http');` : undefined),
};

for (const path of [...PROGRAMS, GATEWAY, MIGRATION]) {
  if (!existsSync(join(DIST, path))) throw new Error(`dist/${path} is missing: run \`nest build\` first`);
}
const files = [
  ...(await bundled(GATEWAY, { groups: [{ name: 'packages', test: IN_PACKAGE, tags: ['$initial'] }] })),
  ...(await bundled(MIGRATION, false)),
  ...(await bundledCli()),
];
for (const path of emittedFiles()) rmSync(join(DIST, path));
for (const { path, content } of files.toSorted((a, b) => Number(a.path === LAST) - Number(b.path === LAST))) {
  mkdirSync(dirname(join(DIST, path)), { recursive: true });
  writeFileSync(join(DIST, path), content);
}

/** The files of a program whose `entry` tsc wrote, with the packages that it imports. */
function bundled(entry, codeSplitting) {
  return generated(
    { [entry.replace(/\.js$/, '')]: join(DIST, entry) },
    { name: 'modules-of-the-gateway', load: (id) => ownModule(id, dirname(entry)) },
    '[name].js',
    codeSplitting,
  );
}

/** dist/cli/main.js and a few files for each command. */
function bundledCli() {
  return generated(
    { 'cli/main': join(CLI, 'main.ts') },
    {
      name: 'modules-of-the-command-line',
      resolveId: (source, importer) => ofGateway(source, importer),
      load: (id) => ownModule(id, 'cli'),
    },
    'cli/[name].js',
    true,
  );
}

/** What a file of cli/src imports of src/: in dist/, and there a file of its own where it is a program. */
function ofGateway(source, importer) {
  if (!source.startsWith('.') || !importer?.startsWith(CLI + sep)) return undefined;
  const path = resolve(dirname(importer), source);
  if (!path.startsWith(SRC + sep)) return undefined;
  const name = relative(SRC, path).replaceAll(sep, '/');
  // As the bundle says it: Rolldown would make an absolute path relative to the source of the importer.
  if ([...PROGRAMS, MIGRATION].includes(name)) return { id: `../${name}`, external: true };
  return join(DIST, name);
}

async function generated(input, plugin, chunkFileNames, codeSplitting) {
  const bundle = await rolldown({
    cwd: ROOT,
    platform: 'node',
    tsconfig: false,
    input,
    external: (id) => NOT_BUNDLED.includes(id) || OPTIONAL.test(id),
    plugins: [requiredHttp, plugin],
    onLog: (level, { code, message }) => {
      if (code !== 'CIRCULAR_DEPENDENCY' && code !== 'EVAL') throw new Error(`${level}: ${message}`);
    },
  });
  const { output } = await bundle.generate({
    dir: DIST,
    format: 'esm',
    keepNames: true,
    // V8 keeps a source with any other character at two bytes each.
    charset: 'ascii',
    comments: false,
    sourcemap: 'hidden',
    sourcemapExcludeSources: true,
    entryFileNames: '[name].js',
    chunkFileNames,
    codeSplitting,
  });
  await bundle.close();
  return output.map(({ fileName, code, source, moduleIds = [] }) => ({
    path: fileName,
    content: moduleIds.some((id) => !IN_PACKAGE.test(id) && id.startsWith(ROOT + sep))
      ? `${code}\n//# sourceMappingURL=${basename(fileName)}.map\n`
      : (code ?? source),
  }));
}

/**
 * A module of the gateway, with tsc's map, for a bundle in `folder` of dist/. `import.meta.url` stays that of its own
 * place, for the paths made from it.
 */
function ownModule(id, folder) {
  if (!id.startsWith(DIST + sep)) return undefined;
  const place = `./${relative(join(DIST, folder), id).replaceAll(sep, '/')}`;
  return {
    code: readFileSync(id, 'utf8').replaceAll(
      /\bimport\.meta\.url\b/g,
      `new URL(${JSON.stringify(place)}, import.meta.url).href`,
    ),
    map: readFileSync(`${id}.map`, 'utf8'),
  };
}

/** What tsc wrote and is no program. */
function emittedFiles() {
  const kept = PROGRAMS.flatMap((path) => [path, `${path}.map`]);
  return readdirSync(DIST, { recursive: true }).filter(
    (path) => /\.js(?:\.map)?$/.test(path) && !kept.includes(path.replaceAll(sep, '/')),
  );
}
