import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Store } from '../persistence/store.js';
import { canonicalJson } from '../shared/json.js';

const SETTING = 'fingerprint-key';

/**
 * A keyed hash that identifies a request without storing it. Its key is generated once and stored in the
 * database: restarts and replicas share it, and a body cannot be guessed from the hash without the database.
 */
@Injectable()
export class Fingerprints {
  #key: Promise<KeyObject> | undefined;

  constructor(private readonly store: Store) {}

  /** `identity` is any JSON value; the order of members does not matter. */
  async of(identity: unknown): Promise<string> {
    const key = await this.#loadKey();
    return createHmac('sha256', key).update(canonicalJson(identity)).digest('base64url');
  }

  async #loadKey(): Promise<KeyObject> {
    this.#key ??= this.#readOrMakeKey();
    try {
      return await this.#key;
    } catch (error) {
      this.#key = undefined;
      throw error;
    }
  }

  #readOrMakeKey(): Promise<KeyObject> {
    return this.store.transaction(async (trx) => {
      await trx
        .insertInto('settings')
        .values({ key: SETTING, value: randomBytes(32).toString('base64') })
        .onConflict((conflict) => conflict.column('key').doNothing())
        .execute();
      const row = await trx
        .selectFrom('settings')
        .select('value')
        .where('key', '=', SETTING)
        .executeTakeFirstOrThrow();
      // Node reads a key's bytes for each HMAC, which costs six times as much as the HMAC; a KeyObject is read once.
      return createSecretKey(row.value, 'base64');
    });
  }
}
