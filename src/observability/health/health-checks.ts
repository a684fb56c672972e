import { Injectable } from '@nestjs/common';

/** How a part of the gateway is. `details` are public: nothing secret, and no text from outside. */
export interface Condition {
  readonly well: boolean;
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface HealthCheck {
  readonly name: string;
  /** Whether the gateway can do its work without it: only a required part that is unwell makes it not ready. */
  readonly required: boolean;
  /** Answers within a second; an error means unwell. */
  readonly look: () => Condition | Promise<Condition>;
}

/** What readiness looks at. Rooms add their own, so that this one needs to know none of them. */
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
