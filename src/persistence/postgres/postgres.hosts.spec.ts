import { beforeEach, describe, expect, it } from '@jest/globals';
import { DatabaseError } from 'pg';
import { type PostgresUrl, readPostgresUrl } from '../../config/postgres-url.js';
import { isPassing, isTooManyConnections } from './postgres-errors.js';
import { PostgresHosts, type ServerState } from './postgres.hosts.js';

type Server = ServerState | Error | 'silent';

const PRIMARY: ServerState = { standby: false, readOnly: false, system: 'ledger', timeline: 1 };
const PROMOTED: ServerState = { ...PRIMARY, timeline: 2 };
const STANDBY: ServerState = { standby: true, readOnly: true, system: '', timeline: 0 };
const REFUSED = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

const fatal = (code: string): Error => Object.assign(new DatabaseError(code, 0, 'error'), { code });
const full = fatal('53300');

describe('The hosts of DATABASE_URL', () => {
  let servers: Server[];
  let inspections: number;
  beforeEach(() => {
    inspections = 0;
  });

  const hostsOf = (parameters = '', names = 'one,two'): PostgresHosts =>
    new PostgresHosts(readPostgresUrl(`postgres://${names}/db${parameters}`) as PostgresUrl, (place) => {
      inspections += 1;
      const server = servers[place]!;
      if (server === 'silent') return new Promise(() => {});
      return server instanceof Error ? Promise.reject(server) : Promise.resolve(server);
    });
  /** The place of the host, or the reason why there is none. */
  const find = (hosts: PostgresHosts): Promise<unknown> =>
    hosts.find().then(
      () => hosts.current,
      (error: unknown) => (error as Error).message,
    );

  it.each<[string, Server[], string, unknown]>([
    ['the first that is a primary', [STANDBY, PRIMARY], '', 1],
    ['the first of two that fit', [PRIMARY, PRIMARY], '', 0],
    ['one that answers while the other is silent', ['silent', PROMOTED], '', 1],
    ['one that answers while the other refuses', [REFUSED, PROMOTED], '', 1],
    ['the newest timeline of two primaries', [PRIMARY, PROMOTED], '', 1],
    [
      'the first, regardless of the timelines of two clusters',
      [PRIMARY, { ...PROMOTED, system: 'other' }],
      '',
      0,
    ],
    ['the first, where servers show no timeline', [{ ...PRIMARY, timeline: 0 }, PRIMARY], '', 1],
    [
      'a read-only primary, if asked for a primary',
      [STANDBY, { ...PRIMARY, readOnly: true }],
      '?target_session_attrs=primary',
      1,
    ],
    ['the first of all, if asked for any', [STANDBY, PRIMARY], '?target_session_attrs=any', 0],
  ])('give %s', async (_what, given, parameters, place) => {
    servers = given;
    expect(await find(hostsOf(parameters))).toBe(place);
  });

  it('give none that does not fit, with the reason of each', async () => {
    servers = [REFUSED, STANDBY];
    expect(await find(hostsOf())).toBe('one:5432: connect ECONNREFUSED; two:5432 is a standby');
    servers = [{ ...PRIMARY, readOnly: true }, STANDBY];
    expect(await find(hostsOf())).toBe('one:5432 is read-only; two:5432 is a standby');
  });

  it('never give an old primary that came back, alone or as the first', async () => {
    const hosts = hostsOf();
    servers = [REFUSED, PROMOTED];
    expect(await find(hosts)).toBe(1);
    servers = [PRIMARY, PROMOTED];
    expect(await find(hosts)).toBe(1);
    servers = [PRIMARY, REFUSED];
    expect(await find(hosts)).toMatch(
      /^one:5432 is an old primary: its timeline is 1, a promoted server has 2;/,
    );
    expect(() => hosts.admit(0, PRIMARY)).toThrow(/old primary/);
  });

  it('end the sessions at the other hosts when they move', async () => {
    const hosts = hostsOf();
    const cut: number[] = [];
    for (const place of [0, 1]) hosts.add({ place, cut: () => cut.push(place) });
    servers = [PRIMARY, STANDBY];
    await hosts.find();
    expect(cut).toEqual([1]);
    servers = [STANDBY, PROMOTED];
    await hosts.find();
    expect(cut).toEqual([1, 0]);
  });

  it('share a search', async () => {
    const hosts = hostsOf();
    servers = [PRIMARY, STANDBY];
    await Promise.all([hosts.find(), hosts.find()]);
    expect(inspections).toBe(2);
  });

  it('are searched again after the current one failed, not after it answered', async () => {
    const hosts = hostsOf();
    servers = [PRIMARY, STANDBY];
    await hosts.find();
    hosts.failed(1, REFUSED);
    hosts.failed(0, full);
    expect(hosts.found).toBe(true);
    hosts.failed(0, fatal('57P03'));
    expect(hosts.found).toBe(false);
  });

  it.each<[string, Server, boolean]>([
    ['not after the current one refused, as its sessions still work', full, true],
    ['after the current one was silent', new Error('no answer in time'), false],
    ['after the current one became a standby', STANDBY, false],
  ])('are searched again after a search in vain: %s', async (_what, current, found) => {
    const hosts = hostsOf();
    servers = [PRIMARY, STANDBY];
    await hosts.find();
    servers = [current, STANDBY];
    await expect(find(hosts)).resolves.toMatch(/two:5432 is a standby/);
    expect(hosts.found).toBe(found);
  });

  it('are not searched where one host may be anything', () => {
    const hosts = hostsOf('', 'one');
    hosts.failed(0, REFUSED);
    expect([hosts.checked, hosts.found]).toEqual([false, true]);
    expect(hostsOf('?target_session_attrs=read-write', 'one').checked).toBe(true);
  });

  it('are waited for at a start unless none of them can ever be used', async () => {
    const password = fatal('28P01');
    const failure = (): Promise<unknown> =>
      hostsOf()
        .find()
        .catch((error: unknown) => error);
    servers = [password, STANDBY];
    expect(isPassing(await failure())).toBe(true);
    servers = [password, password];
    expect(isPassing(await failure())).toBe(false);
    servers = [full, STANDBY];
    expect(isTooManyConnections(await failure())).toBe(true);
  });
});
