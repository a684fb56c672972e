import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseError } from 'pg';
import type { PostgresUrl } from '../../config/postgres-url.js';

/** How long a host may take to say what it is. libpq's `connect_timeout` does not count: a failover would take longer. */
export const HOST_LIMIT_MS = 1_500;
/** Once a host fits, how long a search waits for others: of two that fit, one is an old primary that came back. */
const OTHERS_LIMIT_MS = 300;
/** The server starts, stops or recovers. Other errors of a server show that it is there. */
const CANNOT_CONNECT_NOW = '57P03';

/** What a server is when a session begins. */
export interface ServerState {
  readonly standby: boolean;
  readonly readOnly: boolean;
  /** Of the cluster, the same on its standbys; empty if the server does not say. */
  readonly system: string;
  /** A promotion begins a new one. */
  readonly timeline: number;
}

/** A session that a move to another host ends. */
interface HostSession {
  readonly place: number;
  cut(): void;
}

/** The server can be reached, and is not what a session needs. */
export class UnfitHost extends Error {
  override readonly name = 'UnfitHost';
}

/**
 * The hosts of `DATABASE_URL`, and the one that sessions go to: the first, in the order of the URL, that has the
 * `target_session_attrs`. It stays until it fails. A host whose timeline is older than one that was seen is an old
 * primary that came back, and gets no session even if it can be written to; a process that has seen nothing yet takes
 * the newest timeline of those that answer.
 */
export class PostgresHosts {
  readonly #url: PostgresUrl;
  readonly #inspect: (place: number) => Promise<ServerState>;
  readonly #sessions = new Set<HostSession>();
  readonly #newest = new Map<string, number>();
  #current = 0;
  #found: boolean;
  #search: Promise<void> | undefined;
  #ended = false;

  /** `inspect` opens a session of a host, asks what it is, and ends it; within {@link HOST_LIMIT_MS}. */
  constructor(url: PostgresUrl, inspect: (place: number) => Promise<ServerState>) {
    this.#url = url;
    this.#inspect = inspect;
    this.#found = !this.checked;
  }

  /** The place of a host in the URL. */
  get current(): number {
    return this.#current;
  }

  /** False after the host failed, until a {@link find} succeeds. */
  get found(): boolean {
    return this.#found;
  }

  /** One host that may be anything is used as it is. */
  get checked(): boolean {
    return this.#url.urls.length > 1 || this.#url.attributes !== 'any';
  }

  /** The next session looks for its host again. */
  doubt(): void {
    this.#found = !this.checked;
  }

  /** A session of the host at `place` could not be opened. */
  failed(place: number, error: unknown): void {
    const isThere = error instanceof DatabaseError && error.code !== CANNOT_CONNECT_NOW;
    if (place === this.#current && !isThere) this.doubt();
  }

  /** @throws {UnfitHost} if the server at `place` must not get a session. */
  admit(place: number, { standby, readOnly, system, timeline }: ServerState): void {
    const { attributes } = this.#url;
    if (attributes === 'any') return;
    if (standby) throw this.#unfit(place, 'a standby');
    if (readOnly && attributes === 'read-write') throw this.#unfit(place, 'read-only');
    const newest = this.#newest.get(system) ?? 0;
    if (timeline < newest)
      throw this.#unfit(
        place,
        `an old primary: its timeline is ${timeline}, a promoted server has ${newest}`,
      );
    this.#newest.set(system, timeline);
  }

  /**
   * Resolves when {@link current} is a host that fits; ends the sessions of the others. Calls at the same time share a
   * search, which takes {@link HOST_LIMIT_MS} at most.
   * @throws AggregateError with the reason of each host, in their order.
   */
  find(): Promise<void> {
    this.#search ??= this.#find().finally(() => {
      this.#search = undefined;
    });
    return this.#search;
  }

  add(session: HostSession): void {
    this.#sessions.add(session);
  }

  delete(session: HostSession): void {
    this.#sessions.delete(session);
  }

  /** Ends every session, those that are being opened too, for good. */
  end(): void {
    this.#ended = true;
    for (const session of this.#sessions) session.cut();
  }

  /** @throws after {@link end}. */
  assertNotEnded(): void {
    if (this.#ended) throw new Error('the gateway has ended its sessions');
  }

  async #find(): Promise<void> {
    this.assertNotEnded();
    const errors: unknown[] = this.#url.urls.map(() => new Error('no answer in time'));
    const fitting: { place: number; state: ServerState }[] = [];
    const answers = this.#url.urls.map(async (_, place) => {
      try {
        const state = await this.#inspect(place);
        this.admit(place, state);
        fitting.push({ place, state });
      } catch (error) {
        errors[place] = error;
        throw error;
      }
    });
    const all = Promise.allSettled(answers);
    const first = Promise.any(answers).then(
      () => sleep(OTHERS_LIMIT_MS, undefined, { ref: false }),
      () => all,
    );
    await Promise.race([all, first]);
    const [best] = fitting
      .filter(({ place, state }) => this.#isAdmitted(place, state))
      .toSorted((a, b) => a.place - b.place);
    if (!best) {
      // A session would wait for the silent one, while another is promoted.
      this.failed(this.#current, errors[this.#current]);
      throw new AggregateError(errors, this.#reasons(errors));
    }
    this.#current = best.place;
    this.#found = true;
    for (const session of this.#sessions) if (session.place !== best.place) session.cut();
  }

  /** Another one that answered later may have a newer timeline. */
  #isAdmitted(place: number, state: ServerState): boolean {
    try {
      this.admit(place, state);
      return true;
    } catch {
      return false;
    }
  }

  #reasons(errors: readonly unknown[]): string {
    return errors
      .map((error, place) =>
        error instanceof UnfitHost ? error.message : `${this.#url.names[place]}: ${(error as Error).message}`,
      )
      .join('; ');
  }

  #unfit(place: number, what: string): UnfitHost {
    return new UnfitHost(`${this.#url.names[place]} is ${what}`);
  }
}
