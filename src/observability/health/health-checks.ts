import { Injectable } from '@nestjs/common';

/** The condition of a part of the gateway. `details` are public: nothing secret, no text from outside. */
export interface Condition {
  readonly well: boolean;
  readonly details?: Readonly<Record<string, unknown>>;
  /** The details with the names of externals, for those who may know them (SPEC §8). */
  readonly namedDetails?: Readonly<Record<string, unknown>>;
}

export interface HealthCheck {
  readonly name: string;
  /** Only a required part that is not well makes the gateway not ready. */
  readonly required: boolean;
  /** Returns within a second; an error means not well. */
  readonly condition: () => Condition | Promise<Condition>;
}

/** What readiness checks. Modules add their own checks. */
@Injectable()
export class HealthChecks {
  readonly #checks: HealthCheck[] = [];

  add(check: HealthCheck): void {
    this.#checks.push(check);
  }

  all(): readonly HealthCheck[] {
    return this.#checks;
  }
}
