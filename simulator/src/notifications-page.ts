import type { Response } from 'express';
import { badge, facts, html, jsonBlock, moment, sendPage, type Html } from './html.js';
import type { Behaviour, DeliveredNotification } from './delivered-notification.js';

const NEWEST = 100;

interface NotificationsContent {
  /** The oldest first. */
  readonly items: readonly DeliveredNotification[];
  readonly behaviour: Behaviour;
}

/** The deliveries to the receiver, for a browser. */
export function notificationsPage(response: Response, { items, behaviour }: NotificationsContent): void {
  const newest = items.slice(-NEWEST).toReversed();
  sendPage(response, {
    title: 'Notifications',
    layout: 'plain',
    content: html`<h1>Notifications</h1>
      <p class="dim">
        The deliveries to <code>POST /receiver</code>, the newest first, repeats included. Programs receive
        JSON.
      </p>
      <p>${behaviourText(behaviour)}</p>
      ${newest.length === 0 ? html`<p>None yet.</p>` : newest.map(delivery)} ${more(items.length)}`,
  });
}

function behaviourText({ status, times, delayMs }: Behaviour): Html {
  const next = times === undefined ? 'every delivery' : `the next ${times} deliveries`;
  const delay = delayMs === 0 ? '' : `, after ${delayMs} ms`;
  return html`The receiver answers ${next} with ${status}${delay}. To make three deliveries fail, send
    <code>{"status": 500, "times": 3}</code> to <code>POST /receiver/behaviour</code>.`;
}

function delivery({
  event,
  version,
  paymentId,
  verified,
  reason,
  answer,
  at,
  headers,
  ...content
}: DeliveredNotification): Html {
  const { status, refundId, subscriptionToken, shopTransactionId } = (content.body ?? {}) as Record<
    string,
    unknown
  >;
  // A payment that was never executed has no id.
  const subject = refundId ?? subscriptionToken ?? paymentId ?? shopTransactionId ?? '';
  const signature = verified === undefined ? 'not checked' : verified ? 'verified' : 'not verified';
  return html`<details>
    <summary>
      <span>${badge(status ?? '?')} ${event ?? 'notification'} <code>${subject}</code></span>
      <span class="dim">${moment(at)}</span>
    </summary>
    <div>
      ${facts([
        ['Signature', reason === undefined ? badge(signature) : html`${badge(signature)} ${reason}`],
        ['Version', version ?? 'none'],
        ['Answered', answer],
      ])}
      <h3>Body</h3>
      ${jsonBlock(content.body ?? '')}
      <h3>Headers</h3>
      ${facts(Object.entries(headers))}
    </div>
  </details>`;
}

function more(count: number): Html | '' {
  return count > NEWEST
    ? html`<p class="dim">${count - NEWEST} older ones are in the JSON of this page.</p>`
    : '';
}
