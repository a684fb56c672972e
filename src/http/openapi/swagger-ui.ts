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

interface PageOptions {
  /** The path under which a proxy shows the gateway, or empty. */
  readonly basePath: string;
  /** The bundled simulator is the external: what is prefilled can be executed as it is. */
  readonly simulated: boolean;
}

/** The page loads everything from this origin and has no inline script, so that a strict CSP allows it. */
export function documentationPage({ version }: SwaggerUi, { basePath, simulated }: PageOptions): string {
  const own = `${basePath}/documentation`;
  const files = `${own}/swagger-ui-${version}`;
  const scripts = [
    `${files}/swagger-ui-bundle.js`,
    ...(simulated ? [`${own}/simulator.js`] : []),
    `${own}/start.js`,
  ];
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Tollgate: documentation</title>
    <link rel="icon" type="image/png" href="${files}/favicon-32x32.png">
    <link rel="stylesheet" href="${files}/index.css">
    <link rel="stylesheet" href="${files}/swagger-ui.css">
    <link rel="stylesheet" href="${own}/style.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
${scripts.map((script) => `    <script src="${script}"></script>\n`).join('')}  </body>
</html>
`;
}

/** What Swagger UI lacks: the dark colours of the page itself, folded errors, and the width of a telephone. */
export const STYLE = `html.dark-mode, html.dark-mode body { background: #1c2022; color-scheme: dark; }
.swagger-ui .wrapper { padding: 0 16px; }
.swagger-ui .problems { margin: 0 20px 16px; }
.swagger-ui .problems summary { cursor: pointer; font-weight: 700; padding: 8px 0; }
.swagger-ui .problems h5 { margin: 12px 0 4px; font-size: 14px; }
.swagger-ui .problems .renderedMarkdown { overflow-x: auto; }
.swagger-ui .problems table { width: 100%; border-collapse: collapse; }
.swagger-ui .problems th, .swagger-ui .problems td { padding: 4px 12px 4px 0; text-align: left; vertical-align: top; }
.swagger-ui .problems table { table-layout: fixed; }
html.dark-mode .swagger-ui :is(.problems :is(summary, h5, th, td, p), .headers td, .examples-select__section-label) { color: #e4e6e6; }
@media (max-width: 640px) {
  .swagger-ui .opblock .opblock-summary { flex-wrap: wrap; }
  .swagger-ui .opblock .opblock-summary-path { max-width: 100%; }
  .swagger-ui .parameters, .swagger-ui .parameters tbody, .swagger-ui .parameters tr, .swagger-ui .parameters td { display: block; }
  .swagger-ui .parameters thead { display: none; }
  .swagger-ui .parameters input, .swagger-ui .parameters select { max-width: 100%; width: 100%; }
  .swagger-ui .info .title, .swagger-ui .problems td { overflow-wrap: anywhere; }
  .swagger-ui .responses-inner { overflow-x: auto; }
  .swagger-ui .responses-table .response-col_links, .swagger-ui .responses-table .headers-wrapper { display: none; }
  .swagger-ui .response-controls { display: block; }
  .swagger-ui .live-responses-table .highlight-code .microlight { padding-bottom: 48px !important; }
}
`;

/**
 * Every address is relative to this script, so that the page works under any path of a proxy. `validatorUrl: null` keeps
 * Swagger UI from sending the document to a public validator.
 */
export const START_SCRIPT = `(() => {
  const here = new URL('.', document.currentScript.src);

  const dark = matchMedia('(prefers-color-scheme: dark)');
  const setTheme = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
  setTheme();
  dark.addEventListener('change', setTheme);

  // Error responses as one folded list with a table for each status, in place of a row with examples for each.
  const foldedErrors = () => ({
    wrapComponents: {
      responses: (Responses, { React, getComponent }) => (props) => {
        const h = React.createElement;
        const Markdown = getComponent('Markdown', true);
        const isError = (_, status) => !(Number(status) < 400);
        const errors = props.responses.filter(isError).entrySeq().toArray();
        const tables = errors.map(([status, response]) =>
          h('div', { key: status },
            h('h5', null, status),
            h(Markdown, { source: response.get('description') })));
        return h('div', null,
          h(Responses, { ...props, responses: props.responses.filterNot(isError) }),
          errors.length > 0 &&
            h('details', { className: 'problems' }, h('summary', null, 'Errors'), ...tables));
      },
    },
  });

  window.ui = SwaggerUIBundle({
    dom_id: '#swagger-ui',
    url: new URL('openapi.json', here).href,
    deepLinking: true,
    persistAuthorization: true,
    tryItOutEnabled: true,
    displayRequestDuration: true,
    filter: true,
    defaultModelsExpandDepth: 0,
    validatorUrl: null,
    plugins: [foldedErrors],
    ...window.simulated?.(new URL('..', here)),
  });
})();
`;
