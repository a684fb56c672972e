import { detailOf, type Rule, type Violation } from '../rules/rule.js';

const SHOWN_LENGTH = 120;

/** A refused text for a problem: on one line, quoted, cut, and without the credentials of a URL. */
export function displayText(text: string): string {
  const masked = maskCredentials(text);
  return JSON.stringify(masked.length > SHOWN_LENGTH ? `${masked.slice(0, SHOWN_LENGTH)}…` : masked);
}

/**
 * Replaces user, password and parameters of a URL by `***`, and the secret parameters of connection strings. It masks up to the
 * last `@`: a password with an unescaped `/` or `@` is a common reason for a URL to be refused.
 */
export function maskCredentials(text: string): string {
  return (
    text
      .replace(/:\/\/.*@/s, '://***@')
      .replace(/^(postgres(?:ql)?:|sqlite:|https?:)?(?!\/\/)(?!\w+:\/\/)[^\s]*@/i, '$1***@')
      // Also where the key was pasted into a parameter of another name.
      .replaceAll(/([?&][^=&#\s]*=)[^&#\s]+/g, '$1***')
      .replaceAll(/\b(\w*(?:password|passwd|pwd|secret|token|key))=[^&\s]*/gi, '$1=***')
  );
}

/** The problem with a value that does not meet `rule`. `shown` is the value without its secrets. */
export function describeViolation(rule: Rule, shown: string, { reason }: Partial<Violation> = {}): string {
  return `${detailOf(rule)}; got ${shown}${reason === undefined ? '' : ` (${reason})`}`;
}
