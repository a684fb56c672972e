import { Admin } from './admin.js';
import { External } from './external.js';
import { Transport, type TollgateOptions } from './transport.js';

/**
 * A client of one Tollgate. It holds no connection and no state: make one and share it.
 * @throws TypeError if `baseUrl` is relative outside a browser.
 */
export class Tollgate {
  /** `/admin/…`, typed by docs/openapi.json. */
  readonly admin: Admin;
  readonly #transport: Transport;

  constructor(options: TollgateOptions) {
    this.#transport = new Transport(options);
    this.admin = new Admin(this.#transport);
  }

  /** The operations of one external, by its `{external}` name. */
  external(name: string): External {
    return new External(this.#transport, name);
  }
}
