import { createHash } from 'node:crypto';
import { TextAnswer } from './http-answer.js';

/** In the colours that the reader's system prefers, from a telephone's width on. */
const STYLE = `
:root { color-scheme: light dark; --text: #1c2430; --dim: #55606f; --link: #0b57d0; --line: #d5dbe3; --back: #fff; --code: #eef1f5; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e4e9f0; --dim: #a2adbb; --link: #8ab4f8; --line: #3a4452; --back: #14181f; --code: #242b36; }
}
body { font: 1rem/1.6 system-ui, sans-serif; color: var(--text); background: var(--back); max-width: 44rem; margin: 0 auto; padding: 2.5rem 1.25rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem; }
a { color: var(--link); }
code { font: .9em ui-monospace, monospace; background: var(--code); padding: .1em .35em; border-radius: .25em; }
.dim { color: var(--dim); }
ul.links { list-style: none; padding: 0; margin: 1.5rem 0; border-top: 1px solid var(--line); }
ul.links li { padding: .7rem 0; border-bottom: 1px solid var(--line); }
ul.links a { font-weight: 600; }
ul.links span { display: block; color: var(--dim); }
`;

/** No script, no image and nothing of another origin; the one style by its hash. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A page of the gateway. `content` is HTML; `title` is text. */
export function htmlPage(title: string, content: string): TextAnswer {
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} – Tollgate</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${content}
</main>
</body>
</html>
`;
  return new TextAnswer(200, html, 'text/html; charset=utf-8', { 'Content-Security-Policy': POLICY });
}

/** Text as HTML, in an element or in an attribute with double quotes. */
export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
