import type { SeededRandom } from '../support/seeded-random.js';
import type { Chance } from './chance.js';
import type { Fate, WireAnswer, WireRequest } from './wire.js';

/** How often the network fails, cumulated. */
const FATES: readonly (readonly [number, Fate['kind']])[] = [
  [0.02, 'refused'],
  [0.03, 'lost'],
  [0.045, 'silent'],
  [0.06, 'cut'],
  [0.07, 'cut-early'],
  [0.075, 'not-http'],
];

const LOST_IN_TROUBLE = 0.8;

const ANSWERED: Fate = { kind: 'answered', connectMs: 1, requestMs: 1, answerMs: 1 };

/** Complete answers of an external that has executed nothing. */
const REFUSALS: readonly WireAnswer[] = [
  { status: 400, body: '<h1>400 Bad Request</h1>' },
  { status: 401, body: '{}' },
  { status: 403, body: '<h1>no</h1>' },
  { status: 405, body: '' },
  { status: 407, body: '' },
  { status: 422, body: '{"detail":"no"}' },
  { status: 429, body: '{}', headers: { 'retry-after': '1' } },
  { status: 495, body: '<h1>The SSL certificate error</h1>' },
  { status: 501, body: '' },
];

/** To operations only: a 404 to a status query means that the external has never seen it, and it never lies. */
const NOT_FOUND: readonly WireAnswer[] = [
  { status: 404, body: '{"message":"no such thing"}' },
  { status: 404, body: '{"detail":"refused"}' },
  { status: 404, body: '<h1>404</h1>' },
];

/** Answers that say nothing about what was executed. */
const DOUBTFUL: readonly WireAnswer[] = [
  { status: 200, body: '<h1>It works</h1>' },
  { status: 200, body: '{"result":"PERHAPS"}' },
  { status: 200, body: `{"result":"OK","x":"${'x'.repeat(1_100_000)}"}` },
  { status: 200, body: '{"result":"OK"}', early: true },
  { status: 302, body: '', headers: { location: '/elsewhere' } },
  { status: 408, body: '' },
  { status: 409, body: '{}' },
  { status: 425, body: '' },
  { status: 500, body: '{}' },
  { status: 503, body: '' },
  { status: 999, body: '' },
];

/** What fails, of the network and of the other sides' servers. The seed decides about each exchange alone. */
export class Faults {
  /** Nothing fails any more. */
  calm = false;
  /** Hosts that do not answer, and until when. */
  readonly outages = new Map<string, number>();
  /** Keys of operations whose replica has stopped: faults come together, and later attempts often lose their answers. */
  readonly troubled = new Set<string>();

  constructor(
    private readonly chance: Chance,
    private readonly count: (what: string) => void,
  ) {}

  fateOf(request: WireRequest, isReceiver: boolean, nowMs: number): Fate {
    if (this.calm) return ANSWERED;
    if ((this.outages.get(request.host) ?? 0) > nowMs) {
      this.count(`${isReceiver ? 'notification' : 'exchange'} into an outage`);
      return { ...ANSWERED, kind: 'refused' };
    }
    const identity = this.chance.again(identityOf(request));
    const random = this.chance.of(identity);
    const draw = random.next();
    const drawn = FATES.find(([below]) => draw < below)?.[1] ?? 'answered';
    // A notification that arrives after its attempt has ended is no fault of the gateway: receivers go by the version.
    const kind = this.#isTroubled(request, random)
      ? 'silent'
      : drawn === 'cut-early' && isReceiver
        ? 'cut'
        : drawn;
    const times = this.#times(random, kind);
    if (kind === 'answered') return { kind, ...times };
    if (!this.chance.happens(`${kind}: ${identity}`)) return ANSWERED;
    this.count(`${isReceiver ? 'notification' : 'exchange'} ${kind}`);
    return { kind, ...times };
  }

  #isTroubled({ headers }: WireRequest, random: SeededRandom): boolean {
    return this.troubled.has(headers['idempotency-key'] ?? '') && random.next() < LOST_IN_TROUBLE;
  }

  #times(random: SeededRandom, kind: Fate['kind']): Omit<Fate, 'kind'> {
    return {
      connectMs: random.next() < 0.01 ? 1 + random.below(4_000) : 1 + random.below(3),
      // Earlier than any deadline: what arrives later still would be executed by nobody.
      requestMs: 1 + random.below(kind === 'cut-early' ? 1_800 : 20),
      answerMs: random.next() < 0.02 ? random.below(4_000) : 1 + random.below(60),
    };
  }

  /** The answer of an external whose own answer `serve` gives. */
  answerTo(request: WireRequest, serve: () => WireAnswer): WireAnswer {
    if (this.calm) return serve();
    const identity = this.chance.again(`answer to ${identityOf(request)}`);
    const random = this.chance.of(identity);
    const draw = random.next();
    if (draw >= 0.08 || !this.chance.happens(identity)) return serve();
    const refusals = request.method === 'GET' ? REFUSALS : [...REFUSALS, ...NOT_FOUND];
    if (draw < 0.03) return refusals[random.below(refusals.length)]!;
    if (random.next() < 0.7) serve();
    return DOUBTFUL[random.below(DOUBTFUL.length)]!;
  }
}

function identityOf({ host, method, url, headers }: WireRequest): string {
  const key = headers['idempotency-key'] ?? headers['webhook-id'] ?? '';
  return `${host} ${method} ${url.pathname}${url.search} ${key}`;
}
