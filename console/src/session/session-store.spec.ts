import { describe, expect, it } from '@jest/globals';
import { type Credentials, headersOf, SessionStore } from './session-store';

const KEY: Credentials = { kind: 'key', key: 'secret' };

function storage(): Storage {
  const values = new Map<string, string>();
  return {
    getItem: (name: string) => values.get(name) ?? null,
    setItem: (name: string, value: string) => void values.set(name, value),
    removeItem: (name: string) => void values.delete(name),
  } as Storage;
}

describe('SessionStore', () => {
  it('keeps the credentials for the tab', () => {
    const tab = storage();
    new SessionStore(tab).signIn(KEY);
    expect(new SessionStore(tab).current()).toEqual({ credentials: KEY, ended: false });
  });

  it('forgets them when the operator signs out', () => {
    const tab = storage();
    const session = new SessionStore(tab);
    session.signIn(KEY);
    session.signOut();
    expect(new SessionStore(tab).current().credentials).toBeUndefined();
  });

  it('ends the session that was refused, and keeps its page', () => {
    const session = new SessionStore(storage());
    session.signIn(KEY);
    session.end(session.current().credentials);
    expect(session.current()).toEqual({ credentials: KEY, ended: true });
  });

  it('is not ended by a request of an earlier session', () => {
    const session = new SessionStore(storage());
    session.signIn(KEY);
    const before = session.current().credentials;
    session.signIn({ ...KEY });
    session.end(before);
    expect(session.current().ended).toBe(false);
  });

  it('starts signed out where the storage holds something else', () => {
    const tab = storage();
    tab.setItem('tollgate.session', '{');
    expect(new SessionStore(tab).current().credentials).toBeUndefined();
  });

  it('sends a key or a token', () => {
    expect(headersOf(KEY)).toEqual({ 'X-Api-Key': 'secret' });
    expect(headersOf({ kind: 'token', token: 't' })).toEqual({ Authorization: 'Bearer t' });
    expect(headersOf(undefined)).toEqual({});
  });
});
