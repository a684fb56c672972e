import { createHash } from 'node:crypto';
import type { Response } from 'express';

/** Escaped markup. Only {@link html} creates it. */
export class Html {
  constructor(readonly markup: string) {}
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A template that escapes every value except nested {@link Html} and lists of it. */
export function html(parts: TemplateStringsArray, ...values: readonly unknown[]): Html {
  return new Html(parts.reduce((markup, part, index) => markup + markupOf(values[index - 1]) + part));
}

function markupOf(value: unknown): string {
  if (value instanceof Html) return value.markup;
  if (Array.isArray(value)) return value.map(markupOf).join('');
  return String(value).replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!);
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1b2430; --dim: #54606e; --line: #d5dbe3; --paper: #fff; --ground: #eef1f5; --go: #14663f; --stop: #9c2230 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e9edf2; --dim: #a9b4c0; --line: #3a4551; --paper: #1c232b; --ground: #12171c; --go: #1d7a4d; --stop: #b23a48 }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
main { margin: 0 auto; padding: 2rem 1rem 3rem; max-width: 56rem }
main.card { max-width: 27rem; padding-top: 9vh }
.card section { background: var(--paper); border: 1px solid var(--line); border-radius: .75rem; padding: 1.75rem 1.5rem }
h1 { margin: 0 0 .25rem; font-size: 1.375rem; line-height: 1.3 }
h2 { margin: 2rem 0 .5rem; font-size: 1.0625rem }
p { margin: 0 0 1rem } section > :last-child { margin-bottom: 0 } .dim { color: var(--dim) } .note { margin: 1rem 0 0; font-size: .875rem; text-align: center }
.sum { margin: 1.25rem 0; font-size: 2.25rem; font-weight: 650; line-height: 1.1; font-variant-numeric: tabular-nums; overflow-wrap: anywhere }
dl { margin: 0 0 1.5rem; border-top: 1px solid var(--line) }
dl div { display: flex; flex-wrap: wrap; gap: 0 1rem; justify-content: space-between; padding: .5rem 0; border-bottom: 1px solid var(--line) }
dt { color: var(--dim) } dd { margin: 0; overflow-wrap: anywhere }
form { display: flex; gap: .75rem; flex-wrap: wrap }
button { flex: 1 1 8rem; min-height: 3rem; border: 2px solid transparent; border-radius: .5rem; color: #fff; font: inherit; font-weight: 600; cursor: pointer }
.go { background: var(--go) } .stop { background: var(--paper); color: var(--ink); border-color: var(--dim) }
button:hover { filter: brightness(1.1) }
:focus-visible { outline: 3px solid #4c8dff; outline-offset: 2px }
a { color: inherit } li { overflow-wrap: anywhere } td:first-child code { white-space: nowrap } td:last-child { overflow-wrap: anywhere; min-width: 9rem } code, pre { font: .9em ui-monospace, monospace } pre { overflow: auto; background: var(--paper); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem }
.wide { overflow-x: auto; margin-bottom: 1rem } table { width: 100%; border-collapse: collapse; background: var(--paper) }
th, td { padding: .375rem .625rem; border: 1px solid var(--line); text-align: left; vertical-align: top } th { font-weight: 600 }
`;

/** One constant, because CSP hashes every character between the tags. */
const STYLE_ELEMENT = new Html(`<style>${STYLE}</style>`);
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

export interface Page {
  readonly status?: number;
  readonly title: string;
  readonly layout: 'card' | 'plain';
  readonly content: Html;
  /** Allowed targets of forms and their redirects (CSP `form-action`). */
  readonly formTargets?: readonly string[];
}

/** Sends a page without scripts or external assets that browsers neither frame nor cache. */
export function sendPage(
  response: Response,
  { status = 200, title, layout, content, formTargets = ["'none'"] }: Page,
): void {
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${STYLE_HASH}'`,
    'img-src data:',
    `form-action ${formTargets.join(' ')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ];
  response.status(status).type('html');
  response.set('content-security-policy', policy.join('; '));
  response.set('referrer-policy', 'no-referrer');
  response.set('cache-control', 'no-store');
  const { markup } = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        ${STYLE_ELEMENT}
      </head>
      <body>
        <main class="${layout}">${content}</main>
      </body>
    </html> `;
  response.send(markup);
}
