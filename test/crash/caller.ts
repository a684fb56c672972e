/** Begins the problem of a run in which a case did not occur. Only long runs fail for it. */
export const SHOWED_NOTHING = 'the run showed nothing';

/** What the gateway answered to a caller. */
export interface Answer {
  readonly status: number;
  readonly body: {
    result?: string;
    status?: string;
    paymentId?: string;
    refundId?: string;
    subscriptionToken?: string;
    outcome?: string;
  };
}

/** Undefined if the gateway was killed before it answered. */
export async function send(
  url: string,
  key?: string,
  body?: object,
  apiKey?: string,
): Promise<Answer | undefined> {
  try {
    const response = await fetch(url, {
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(key && { 'idempotency-key': key }),
        ...(apiKey && { 'x-api-key': apiKey }),
      },
    });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  } catch {
    return undefined;
  }
}

/** A request with an idempotency key. */
interface Order<Details> {
  readonly key: string;
  readonly details: Details;
  answer?: Answer;
  /** The gateway was killed before it answered a request with this key. */
  wasInterrupted?: true;
}

/** A caller's requests: new ones, and repeats of unanswered ones with their keys. */
export class Orders<Details> {
  readonly all: Order<Details>[] = [];
  readonly #transmit: (order: Order<Details>) => Promise<Answer | undefined>;

  constructor(
    private readonly name: string,
    transmit: (order: Order<Details>) => Promise<Answer | undefined>,
  ) {
    this.#transmit = transmit;
  }

  get unanswered(): Order<Details>[] {
    return this.all.filter(({ answer }) => !answer);
  }

  /** `repeats`: the oldest interrupted request instead of a new one, where there is one. True if it was answered. */
  async sendOne(repeats: boolean, details: () => Details): Promise<boolean> {
    const repeated = repeats ? this.unanswered.find(({ wasInterrupted }) => wasInterrupted) : undefined;
    return this.#send(repeated ?? this.#new(details()));
  }

  /** Repeats what is unanswered, for 30 s at most. */
  async answerAll(): Promise<void> {
    const deadline = Date.now() + 30_000;
    while (this.unanswered.length > 0 && Date.now() < deadline) {
      for (const order of this.unanswered) await this.#send(order);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  summary(what: string): string {
    const interrupted = this.all.filter(({ wasInterrupted }) => wasInterrupted).length;
    const answered = this.all.length - this.unanswered.length;
    return `${this.all.length} ${what} begun, ${interrupted} interrupted, ${answered} answered`;
  }

  /** What makes the run worthless: nobody answered, or nobody interrupted. */
  emptiness(): string[] {
    const isEmpty =
      this.all.every(({ answer }) => answer?.status !== 200) ||
      !this.all.some(({ wasInterrupted }) => wasInterrupted);
    return isEmpty
      ? [`${SHOWED_NOTHING} about ${this.name}: no operation was answered, or none interrupted`]
      : [];
  }

  async #send(order: Order<Details>): Promise<boolean> {
    const answer = await this.#transmit(order);
    // 409: the first request with this key is still in flight, or of unknown outcome until its deadline.
    if (!answer) order.wasInterrupted = true;
    else if (answer.status !== 409) order.answer = answer;
    return answer !== undefined;
  }

  #new(details: Details): Order<Details> {
    const order = { key: `${this.name}-${this.all.length}`, details };
    this.all.push(order);
    return order;
  }
}
