import { createRequire } from 'node:module';
import { dirname } from 'node:path';

/** The Swagger UI that @nestjs/swagger brings along. */
export interface SwaggerUi {
  /** The folder of its files. */
  readonly root: string;
  readonly version: string;
}

/** Finds it without importing anything. */
export function findSwaggerUi(): SwaggerUi {
  const ofNest = createRequire(createRequire(import.meta.url).resolve('@nestjs/swagger'));
  const { version } = ofNest('swagger-ui-dist/package.json') as { version: string };
  return { root: dirname(ofNest.resolve('swagger-ui-dist/package.json')), version };
}

/** The files that the page needs; nothing else of the folder is served. */
export const SWAGGER_UI_FILES: ReadonlySet<string> = new Set([
  'swagger-ui-bundle.js',
  'swagger-ui.css',
  'index.css',
  'favicon-32x32.png',
]);

/** The page. It loads nothing from elsewhere, and has no script of its own, which a strict CSP would refuse. */
export function documentationPage({ version }: SwaggerUi): string {
  const files = `/documentation/swagger-ui-${version}`;
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Tollgate: documentation</title>
    <link rel="icon" type="image/png" href="${files}/favicon-32x32.png">
    <link rel="stylesheet" href="${files}/index.css">
    <link rel="stylesheet" href="${files}/swagger-ui.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="${files}/swagger-ui-bundle.js"></script>
    <script src="/documentation/start.js"></script>
  </body>
</html>
`;
}

/** Opens the document in Swagger UI; `validatorUrl: null` keeps it from sending the document to a validator elsewhere. */
export const START_SCRIPT = `window.ui = SwaggerUIBundle({
  dom_id: '#swagger-ui',
  url: '/documentation/openapi.json',
  deepLinking: true,
  persistAuthorization: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  filter: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
`;
