import type { PaymentDetail, StoryEntry } from '../../api/records';
import { jsonText } from '../../format/json';
import { formatMoney } from '../../format/money';
import { formatTime } from '../../format/time';
import { texts } from '../../texts/en';

/** An entry of the timeline. */
export interface StoryStep {
  readonly key: string;
  readonly at: string;
  readonly what: string;
  readonly text: string;
  readonly tone: 'plain' | 'good' | 'bad';
  /** What another system said, as it is. */
  readonly said: { readonly label: string; readonly text: string } | undefined;
  readonly requestId: string | undefined;
  readonly traceId: string | undefined;
}

/** A longer text is whole in the JSON. */
const MAX_SAID = 2_000;

/** The story that the gateway tells, with amounts as a person writes them and what receivers and externals said. */
export function storySteps(payment: PaymentDetail): readonly StoryStep[] {
  return payment.story.map((entry, index) => ({
    key: `${index} ${entry.id}`,
    at: entry.at,
    what: entry.what,
    text: readableTimes(readableAmounts(entry.text)),
    tone: toneOf(entry),
    said: saidIn(entry, payment),
    // Said once for all the steps of a request that follow each other.
    requestId: newIn('requestId', entry, payment.story[index - 1]),
    traceId: newIn('traceId', entry, payment.story[index - 1]),
  }));
}

function newIn(
  name: 'requestId' | 'traceId',
  entry: StoryEntry,
  before: StoryEntry | undefined,
): string | undefined {
  return entry[name] === before?.[name] ? undefined : entry[name];
}

/** `1299 EUR (minor units)` as `12.99 EUR`. */
export function readableAmounts(text: string): string {
  return text.replaceAll(/\b(\d{1,15}) ([A-Z]{3}) \(minor units\)/g, (_, minor: string, currency: string) =>
    formatMoney(Number(minor), currency),
  );
}

const INSTANT = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** Times in the viewer’s zone. */
function readableTimes(text: string): string {
  return text.replaceAll(INSTANT, (instant) => formatTime(instant));
}

function toneOf({ what, text }: StoryEntry): StoryStep['tone'] {
  if (/-(?:dead|parked)$/.test(what)) return 'bad';
  if (/→ (ACCEPTED|OK)\b|: completed\b|answered 2\d\d\b|^VERIFIED\b/.test(text)) return 'good';
  if (/→ (UNKNOWN|FAILED|KO)\b|: unknown\b|answered [45]\d\d\b|no answer|^UNCONFIRMED\b/.test(text))
    return 'bad';
  return 'plain';
}

function saidIn({ what, id, at }: StoryEntry, payment: PaymentDetail): StoryStep['said'] {
  if (what === 'notification-attempted') {
    const delivery = payment.notifications
      .find((each) => each.id === id)
      ?.deliveries.find((each) => each.at === at);
    return saying(texts.payment.receiverSaid, delivery?.answer);
  }
  if (what === 'operation-ended')
    return saying(texts.payment.answered, payment.operations.find((each) => each.id === id)?.answer);
  if (what === 'callback-received')
    return saying(texts.payment.callbackSaid, payment.callbacks.find((each) => each.id === id)?.body);
  return undefined;
}

function saying(label: string, value: unknown): StoryStep['said'] {
  if (value === undefined || value === null || value === '') return undefined;
  const text = typeof value === 'string' ? value : jsonText(value);
  return { label, text: text.length > MAX_SAID ? `${text.slice(0, MAX_SAID)} …` : text };
}
