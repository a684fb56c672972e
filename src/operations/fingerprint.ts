import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { sql } from 'kysely';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { decodeFingerprintKey } from '../config/fingerprint-keys.js';
import { Store } from '../persistence/store.js';
import { canonicalJson } from '../shared/json.js';
import { fingerprintKeyPath, readOrMakeFingerprintKey } from './fingerprint-key-file.js';

/** Where the first release kept its key, beside the fingerprints. */
const STORED_KEY = 'fingerprint-key';
const KEY_IN_USE = 'fingerprint-key-id';
const KEY_ID_BYTES = 6;
/** Before the hash; those of the first release have none. */
const ID_END = '.';

interface FingerprintKey {
  readonly id: string;
  readonly key: KeyObject;
}

/**
 * A keyed hash that identifies a request without storing it: `keyId.hash`. The key is not in the database
 * (`FINGERPRINT_KEY`, SPEC §6): the database alone does not suffice to find the request of a hash by trying.
 */
@Injectable()
export class Fingerprints implements OnApplicationBootstrap {
  readonly #logger = new Logger(Fingerprints.name);
  readonly #current: FingerprintKey;
  /** The other key while the key is rotated. */
  readonly #others: readonly FingerprintKey[];
  readonly #place: string;
  readonly #upgradeFrom: Config['upgradeFrom'];
  /** The key that replicas of the first release share with this one. */
  #shared: KeyObject | undefined;

  /** @throws ConfigError if the key's file cannot be read or written */
  constructor(
    private readonly store: Store,
    @Inject(CONFIG)
    { fingerprintKeys, database, upgradeFrom }: Pick<Config, 'fingerprintKeys' | 'database' | 'upgradeFrom'>,
  ) {
    this.#upgradeFrom = upgradeFrom;
    const path = fingerprintKeyPath(database);
    const configured = fingerprintKeys.map((secret) => decodeFingerprintKey(secret.reveal())!);
    const own = (): Buffer => (path === undefined ? randomBytes(32) : readOrMakeFingerprintKey(path));
    const [current, ...others] = (configured.length > 0 ? configured : [own()]).map(keyOf);
    this.#current = current!;
    this.#others = others;
    this.#place = configured.length > 0 || path === undefined ? 'FINGERPRINT_KEY' : path;
  }

  /** `identity` is any JSON value; the order of members does not matter. */
  of(identity: unknown): string {
    return fingerprintBy(this.#current, canonicalJson(identity));
  }

  /**
   * Of an operation with a key. During an upgrade from the first release it is one that replicas of that release
   * compare: by their own they would answer a repeat with 422, not executed.
   */
  ofKeyed(identity: unknown): string {
    return this.#shared ? hashBy(this.#shared, canonicalJson(identity)) : this.of(identity);
  }

  /** What {@link of} returns on replicas that have the other key first, while the key is rotated. */
  byOtherKeys(identity: unknown): readonly string[] {
    if (this.#others.length === 0) return [];
    const content = canonicalJson(identity);
    return this.#others.map((key) => fingerprintBy(key, content));
  }

  /** Whether a stored fingerprint is of `identity`; `unknown` if its key is no longer there. */
  async compare(stored: string, identity: unknown): Promise<'same' | 'different' | 'unknown'> {
    const content = canonicalJson(identity);
    const end = stored.indexOf(ID_END);
    if (end === -1) {
      const key = stored === '' ? undefined : await this.#storedKey();
      return key ? sameOrDifferent(stored === hashBy(key, content)) : 'unknown';
    }
    const id = stored.slice(0, end);
    const key = [this.#current, ...this.#others].find((candidate) => candidate.id === id);
    return key ? sameOrDifferent(stored === fingerprintBy(key, content)) : 'unknown';
  }

  /** Warns if the ledger was last used with another key: that of another replica, or one that was lost. */
  async onApplicationBootstrap(): Promise<void> {
    if (this.#upgradeFrom) this.#shared = await this.#readOrMakeStoredKey();
    const { id } = this.#current;
    const before = await this.store.transaction(async (trx) => {
      const row = await trx
        .selectFrom('settings')
        .select('value')
        .where('key', '=', KEY_IN_USE)
        .executeTakeFirst();
      if (row?.value === id) return id;
      await trx
        .insertInto('settings')
        .values({ key: KEY_IN_USE, value: id })
        .onConflict((conflict) => conflict.column('key').doUpdateSet({ value: id }))
        .execute();
      return row?.value ?? id;
    });
    if ([this.#current, ...this.#others].some((key) => key.id === before)) return;
    this.#logger.warn(
      `${this.#place}: this is not the key that the ledger was last used with. Replicas need the same key; to ` +
        'change it, set both, separated by a space. Repeats of earlier requests are answered 409 until their keys expire',
    );
  }

  /**
   * Deletes the key that the first release has stored once no fingerprint needs it. True if there is none any more.
   */
  async retireStoredKey(): Promise<boolean> {
    if (this.#upgradeFrom) return false;
    const retired = await this.store.transaction(async (trx) => {
      const stored = await trx
        .selectFrom('settings')
        .select('value')
        .where('key', '=', STORED_KEY)
        .executeTakeFirst();
      if (!stored) return 'before';
      const needed = await trx
        .selectFrom('operations')
        .select('id')
        .where('fingerprint', '<>', sql.lit(''))
        .where('fingerprint', 'not like', `%${ID_END}%`)
        .limit(1)
        .executeTakeFirst();
      if (needed) return 'not-yet';
      // SQLite keeps the bytes of a deleted row until their place is used again.
      const zeros = '0'.repeat(stored.value.length);
      await trx.updateTable('settings').set({ value: zeros }).where('key', '=', STORED_KEY).execute();
      await trx.deleteFrom('settings').where('key', '=', STORED_KEY).execute();
      return 'now';
    });
    if (retired === 'now')
      this.#logger.log('The fingerprint key of an earlier release was deleted from the database');
    return retired !== 'not-yet';
  }

  /** As the first release does. */
  #readOrMakeStoredKey(): Promise<KeyObject> {
    return this.store.transaction(async (trx) => {
      await trx
        .insertInto('settings')
        .values({ key: STORED_KEY, value: randomBytes(32).toString('base64') })
        .onConflict((conflict) => conflict.column('key').doNothing())
        .execute();
      const row = await trx
        .selectFrom('settings')
        .select('value')
        .where('key', '=', STORED_KEY)
        .executeTakeFirstOrThrow();
      return createSecretKey(row.value, 'base64');
    });
  }

  async #storedKey(): Promise<KeyObject | undefined> {
    const row = await this.store.read((db) =>
      db.selectFrom('settings').select('value').where('key', '=', STORED_KEY).executeTakeFirst(),
    );
    return row && createSecretKey(row.value, 'base64');
  }
}

/**
 * Node reads a key's bytes for each HMAC, which costs six times as much as the HMAC; a KeyObject is read once. The id
 * says which key it is and nothing else: no request's hash can be the hash of its text, which is no JSON.
 */
function keyOf(bytes: Buffer): FingerprintKey {
  const key = createSecretKey(bytes);
  const id = createHmac('sha256', key).update('the id of this key').digest().subarray(0, KEY_ID_BYTES);
  return { id: id.toString('base64url'), key };
}

function fingerprintBy({ id, key }: FingerprintKey, content: string): string {
  return `${id}${ID_END}${hashBy(key, content)}`;
}

function hashBy(key: KeyObject, content: string): string {
  return createHmac('sha256', key).update(content).digest('base64url');
}

function sameOrDifferent(isSame: boolean): 'same' | 'different' {
  return isSame ? 'same' : 'different';
}
