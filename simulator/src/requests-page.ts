import type { Response } from 'express';
import { facts, html, jsonBlock, moment, sendPage, type Html } from './html.js';
import type { ReportedCall } from './request-log.js';

/** The received calls, for a browser. */
export function requestsPage(response: Response, calls: readonly ReportedCall[]): void {
  sendPage(response, {
    title: 'Requests',
    layout: 'plain',
    content: html`<h1>Requests</h1>
      <p class="dim">
        The last calls to the external since it started, the newest first; credentials are masked. Programs
        receive JSON.
      </p>
      ${calls.length === 0 ? html`<p>None yet.</p>` : calls.toReversed().map(call)}`,
  });
}

function call({ at, method, path, query, headers, body, answer }: ReportedCall): Html {
  const search = new URLSearchParams(query as Record<string, string>).toString();
  return html`<details>
    <summary>
      <span><strong>${method}</strong> <code>${search === '' ? path : `${path}?${search}`}</code></span>
      <span class="dim">${answer} · ${moment(at)}</span>
    </summary>
    <div>
      ${body === undefined ? '' : html`<h3>Body</h3>`} ${body === undefined ? '' : jsonBlock(body)}
      <h3>Headers</h3>
      ${facts(Object.entries(headers))}
    </div>
  </details>`;
}
