/** An environment variable as data: read by `loadConfig`, shown by `docs/configuration.md` (SPEC §6). */
export interface Variable<T> {
  /** The text that counts where the variable is not set; undefined: none. */
  readonly default: string | undefined;
  /** What the value must be, continued from `must be`. */
  readonly allowed: string;
  /** Whether a refused value is shown as `***`. */
  readonly secret: boolean;
  parse(text: string): T | Refusal;
}

/** The text is not what is allowed; `reason` says which part of it, without showing it. */
export class Refusal {
  constructor(readonly reason?: string) {}
}

/** How a text is read, and what is allowed: the reusable half of a variable. */
export type Format<T> = Pick<Variable<T>, 'allowed' | 'parse'> & Partial<Pick<Variable<T>, 'secret'>>;

/** A variable that always has a value. */
export function variable<T>(defaultText: string, format: Format<T>): Variable<T> {
  return { secret: false, ...format, default: defaultText };
}

/** A variable that may be without a value. */
export function optionalVariable<T>(format: Format<T>): Variable<T | undefined> {
  return { secret: false, ...format, default: undefined };
}
