import { createRequire } from 'node:module';
import { dirname } from 'node:path';

/** The Swagger UI that @nestjs/swagger depends on. */
export interface SwaggerUi {
  readonly root: string;
  readonly version: string;
}

/** Finds Swagger UI without importing it. */
export function findSwaggerUi(): SwaggerUi {
  const ofNest = createRequire(createRequire(import.meta.url).resolve('@nestjs/swagger'));
  const { version } = ofNest('swagger-ui-dist/package.json') as { version: string };
  return { root: dirname(ofNest.resolve('swagger-ui-dist/package.json')), version };
}

/** The files that the page needs, and their types; other files of the package are not served. */
export const SWAGGER_UI_FILES: ReadonlyMap<string, string> = new Map([
  ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['index.css', 'text/css; charset=utf-8'],
  ['favicon-32x32.png', 'image/png'],
]);

/** The page loads everything from this origin and has no inline script, so that a strict CSP allows it. */
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

/** `validatorUrl: null` keeps Swagger UI from sending the document to a public validator. */
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
