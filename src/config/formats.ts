import { isIP } from 'node:net';
import { parseDurationMs, parseScheduleMs } from '../rules/duration.js';
import { readHttpUrl } from './http-url.js';
import { Refusal, type Format } from './variable.js';

/** The formats that variables are made of: what is allowed, said and checked in one place. */

export const anyText: Format<string> = { allowed: 'a text', parse: (text) => text };

export function integer(minimum: number, maximum: number): Format<number> {
  return {
    allowed: `an integer from ${minimum} to ${maximum}`,
    parse: (text) => {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return value >= minimum && value <= maximum ? value : new Refusal();
    },
  };
}

export function oneOf<const T extends string>(
  values: readonly T[],
  letterCase: 'exact' | 'any' = 'exact',
): Format<T> {
  return {
    allowed: `one of ${values.join(', ')}${letterCase === 'any' ? ', in any case' : ''}`,
    parse: (text) => {
      const wanted = letterCase === 'any' ? text.toLowerCase() : text;
      return values.find((value) => value === wanted) ?? new Refusal();
    },
  };
}

export function choice<T>(choices: Readonly<Record<string, T>>): Format<T> {
  return {
    allowed: Object.keys(choices).join(' or '),
    parse: (text) => (Object.hasOwn(choices, text) ? choices[text]! : new Refusal()),
  };
}

export const trueOrFalse = choice({ true: true, false: false });

/** Comma-separated items, white space around them ignored, none of them twice. */
export function list<T extends string>(item: Format<T>): Format<readonly T[]> {
  return {
    allowed: `a comma-separated list, nothing twice, each ${item.allowed}`,
    parse: (text) => {
      const items = text.split(',').map((part) => item.parse(part.trim()));
      for (const [index, value] of items.entries()) {
        if (value instanceof Refusal) return new Refusal(`item ${index + 1}`);
        if (items.indexOf(value) !== index) return new Refusal(`item ${index + 1} is there twice`);
      }
      return items as T[];
    },
  };
}

export function matching(allowed: string, pattern: RegExp): Format<string> {
  return { allowed, parse: (text) => (pattern.test(text) ? text : new Refusal()) };
}

/** A URL that is kept as it was written: OIDC compares issuers letter by letter. */
export function httpUrl(query: 'allowed' | 'refused'): Format<string> {
  const without = query === 'refused' ? 'credentials, query and fragment' : 'credentials and fragment';
  return {
    allowed: `an absolute http(s) URL without ${without}`,
    parse: (text) => (readHttpUrl(text, { query }) ? text : new Refusal()),
  };
}

const HOST_NAME =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,62}[a-z0-9_])?)*$/i;

export const host: Format<string> = {
  allowed: 'a host name or an IP address',
  parse: (text) => (isIP(text) || HOST_NAME.test(text) ? text : new Refusal()),
};

/** As `URL.hostname` writes it: lower case, IPv6 in brackets. */
export const urlHost: Format<string> = {
  allowed: host.allowed,
  parse: (text) => {
    const bare = text.replace(/^\[(.*)\]$/, '$1');
    if (host.parse(bare) instanceof Refusal) return new Refusal();
    return URL.parse(`http://${isIP(bare) === 6 ? `[${bare}]` : bare}`)?.hostname ?? new Refusal();
  },
};

const MAX_WAIT_MS = 30 * 86_400_000;
const MAX_WAITS = 100;

export const schedule: Format<readonly number[]> = {
  allowed: `1 to ${MAX_WAITS} comma-separated durations from 1ms to 30d, such as 200ms,5s,2m,1h`,
  parse: (text) => {
    const waits = parseScheduleMs(text);
    if (!waits || waits.length > MAX_WAITS) return new Refusal();
    return waits.every((waitMs) => waitMs >= 1 && waitMs <= MAX_WAIT_MS) ? waits : new Refusal();
  },
};

const MAX_RATE_REQUESTS = 1_000_000;
const MAX_RATE_WINDOW_MS = 3_600_000;

export const rate: Format<{ readonly requests: number; readonly windowMs: number }> = {
  allowed: `REQUESTS/DURATION such as 100/1s: 1 to ${MAX_RATE_REQUESTS} requests in 1ms to 1h`,
  parse: (text) => {
    const [, requestsText = '', windowText = ''] = /^(\d{1,7})\/(.+)$/.exec(text) ?? [];
    const requests = Number(requestsText);
    const windowMs = parseDurationMs(windowText) ?? 0;
    const inRange =
      requests >= 1 && requests <= MAX_RATE_REQUESTS && windowMs >= 1 && windowMs <= MAX_RATE_WINDOW_MS;
    return inRange ? { requests, windowMs } : new Refusal();
  },
};
