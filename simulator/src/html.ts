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

/** A table that becomes a list of cards on a narrow screen. */
export function table(titles: readonly string[], rows: readonly (readonly unknown[])[]): Html {
  return html`<table>
    <thead>
      <tr>
        ${titles.map((title) => html`<th scope="col">${title}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        (cells) =>
          html`<tr>
            ${cells.map((cell, index) => html`<td data-title="${titles[index]}">${cell}</td>`)}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

/** A list of names and values. */
export function facts(rows: readonly (readonly [string, unknown])[]): Html {
  return html`<dl>
    ${rows.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

const GOOD = new Set(['ACCEPTED', 'OK', 'ACTIVE', 'verified']);
const BAD = new Set(['FAILED', 'KO', 'CANCELED', 'EXPIRED', 'not verified']);

/** A state in its colour. */
export function badge(state: unknown): Html {
  const kind = GOOD.has(state as string) ? 'good' : BAD.has(state as string) ? 'bad' : 'open';
  return html`<span class="badge ${kind}">${state}</span>`;
}

/** A moment, ISO 8601 or epoch milliseconds, to the second. */
export function moment(at: string | number): Html {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')} UTC</time>`;
}

/** A JSON value, indented; a text as it is. */
export function jsonBlock(value: unknown): Html {
  const text = typeof value === 'string' ? value : JSON.stringify(value, undefined, 2);
  // One line: a formatter would indent the content of the element.
  return html`<pre tabindex="0">${text}</pre>`;
}

function markupOf(value: unknown): string {
  if (value instanceof Html) return value.markup;
  if (Array.isArray(value)) return value.map(markupOf).join('');
  return String(value).replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!);
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1b2430; --dim: #54606e; --line: #d5dbe3; --paper: #fff; --ground: #eef1f5; --go: #14663f; --stop: #9c2230; --wait: #7a5200; --link: #0b57a4 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e9edf2; --dim: #a9b4c0; --line: #3a4551; --paper: #1c232b; --ground: #12171c; --go: #4fbf86; --stop: #f08a95; --wait: #e0b050; --link: #8cc2ff }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
nav { background: var(--paper); border-bottom: 1px solid var(--line) }
nav ul { display: flex; flex-wrap: wrap; gap: 0 1.25rem; margin: 0 auto; padding: 0 1rem; max-width: 64rem; list-style: none }
nav a { display: block; padding: .75rem 0; text-decoration: none; border-bottom: 3px solid transparent }
nav a[aria-current] { color: inherit; font-weight: 600; border-color: var(--link) }
main { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 64rem }
main.card { max-width: 27rem; padding-top: 9vh }
.card section { background: var(--paper); border: 1px solid var(--line); border-radius: .75rem; padding: 1.75rem 1.5rem }
h1 { margin: 0 0 .25rem; font-size: 1.375rem; line-height: 1.3 }
h2 { margin: 2rem 0 .5rem; font-size: 1.0625rem }
p { margin: 0 0 1rem; overflow-wrap: anywhere } section > :last-child { margin-bottom: 0 } .dim { color: var(--dim) } .note { margin: 1rem 0 0; font-size: .875rem; text-align: center }
.alarm { margin: 0 0 1rem; padding: .75rem .75rem 0; border: 2px solid var(--stop); border-radius: .5rem; background: var(--paper) }
.sum { margin: 1.25rem 0; font-size: 2.25rem; font-weight: 650; line-height: 1.1; font-variant-numeric: tabular-nums; overflow-wrap: anywhere }
dl { margin: 0 0 1.5rem; border-top: 1px solid var(--line) }
dl div { display: flex; flex-wrap: wrap; gap: 0 1rem; justify-content: space-between; padding: .5rem 0; border-bottom: 1px solid var(--line) }
dt { color: var(--dim) } dd { margin: 0; overflow-wrap: anywhere; min-width: 0 }
form { display: flex; gap: .75rem; flex-wrap: wrap; align-items: end }
label { flex: 1 1 12rem; color: var(--dim); font-size: .875rem }
input { display: block; width: 100%; min-height: 2.75rem; padding: .25rem .625rem; border: 1px solid var(--dim); border-radius: .5rem; background: var(--paper); color: var(--ink); font: inherit }
button { flex: 1 1 8rem; min-height: 3rem; padding: .25rem .75rem; border: 2px solid var(--dim); border-radius: .5rem; background: var(--paper); color: var(--ink); font: inherit; font-weight: 600; cursor: pointer }
label + button { flex: 0 1 auto; min-height: 2.75rem }
.go { background: #14663f; border-color: transparent; color: #fff }
button:hover { filter: brightness(1.1) }
:focus-visible { outline: 3px solid #4c8dff; outline-offset: 2px }
a { color: var(--link) } li { overflow-wrap: anywhere } code, pre { font: .9em ui-monospace, monospace } code { overflow-wrap: anywhere } pre { overflow: auto; max-height: 26rem; background: var(--paper); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem }
time { white-space: nowrap }
.badge { display: inline-block; padding: 0 .5rem; border: 1px solid currentColor; border-radius: 1rem; font-size: .8125rem; font-weight: 600; white-space: nowrap }
.good { color: var(--go) } .bad { color: var(--stop) } .open { color: var(--wait) }
details { margin: 0 0 .5rem; background: var(--paper); border: 1px solid var(--line); border-radius: .5rem }
summary { display: flex; flex-wrap: wrap; gap: 0 1rem; justify-content: space-between; padding: .625rem .75rem; cursor: pointer } summary > * { min-width: 0; overflow-wrap: anywhere }
details > div { padding: 0 .75rem .75rem } details h3 { margin: .75rem 0 .25rem; font-size: .875rem; color: var(--dim) } details dl { font-size: .875rem }
table { width: 100%; margin: 0 0 1rem; border-collapse: collapse; background: var(--paper) }
th, td { padding: .375rem .625rem; border: 1px solid var(--line); text-align: left; vertical-align: top; overflow-wrap: break-word } th { font-weight: 600 }
td:first-child { min-width: 8rem; overflow-wrap: anywhere } td:last-child { overflow-wrap: anywhere } td[data-title='Amount'] { white-space: nowrap } td[data-title='Payment'] { min-width: 14rem }
@media (max-width: 48rem) {
  nav ul { gap: 0 .75rem; font-size: .9375rem } pre { white-space: pre-wrap; overflow-wrap: anywhere }
  table, tbody, tr, td { display: block } thead { display: none }
  tr { margin: 0 0 .5rem; border: 1px solid var(--line); border-radius: .5rem; padding: .375rem .75rem }
  td { border: 0; padding: .125rem 0; overflow-wrap: anywhere } td::before { content: attr(data-title); display: block; color: var(--dim); font-size: .8125rem }
}
`;

const PAGES = {
  './': 'Overview',
  './book': 'Book',
  './requests': 'Requests',
  './notifications': 'Notifications',
};

/** All pages have one parent, so that the links are right under the prefix of a proxy too. */
function navigation(current: string): Html {
  const links = Object.entries(PAGES).map(([href, name]) =>
    name === current
      ? html`<li><a href="${href}" aria-current="page">${name}</a></li>`
      : html`<li><a href="${href}">${name}</a></li>`,
  );
  return html`<nav aria-label="Pages">
    <ul>
      ${links}
    </ul>
  </nav>`;
}

/** One constant, because CSP hashes every character between the tags. */
const STYLE_ELEMENT = new Html(`<style>${STYLE}</style>`);
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

export interface Page {
  readonly status?: number;
  readonly title: string;
  /** A card for the payer; a wide page, with the navigation, for the developer. */
  readonly layout: 'card' | 'plain';
  readonly content: Html;
  /** The page shows something that is about to change: the browser loads it again after a second. */
  readonly refreshes?: boolean;
  /** Allowed targets of forms and their redirects (CSP `form-action`). */
  readonly formTargets?: readonly string[];
}

/** Sends a page without scripts or external assets that browsers neither frame nor cache. */
export function sendPage(
  response: Response,
  { status = 200, title, layout, content, refreshes = false, formTargets = ["'none'"] }: Page,
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
        <title>${title}${layout === 'plain' ? ' – Tollgate simulator' : ''}</title>
        <link rel="icon" href="data:," />
        ${refreshes ? html`<meta http-equiv="refresh" content="1" />` : ''} ${STYLE_ELEMENT}
      </head>
      <body>
        ${layout === 'plain' ? navigation(title) : ''}
        <main class="${layout}">${content}</main>
      </body>
    </html> `;
  response.send(markup);
}
