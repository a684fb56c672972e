import { useSyncExternalStore } from 'react';
import { type Session, SessionStore } from './session-store';

export const session = new SessionStore(globalThis.sessionStorage);

export function useSession(): Session {
  return useSyncExternalStore(session.subscribe, session.current);
}
