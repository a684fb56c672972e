import { useQuery } from '@tanstack/react-query';
import { meQuery } from '../api/queries';

/** What the credentials of this tab allow. */
export interface Allowed {
  /** Check and replay. */
  readonly act: boolean;
  /** Resolve, refund, cancel. */
  readonly settle: boolean;
}

/** Which acts the gateway has said that they do not allow; undefined: it has not said anything yet. */
export function useLacking(): Allowed | undefined {
  const { isSuccess } = useQuery(meQuery);
  const { act, settle } = useAllowed();
  return isSuccess ? { act: !act, settle: !settle } : undefined;
}

export function useAllowed(): Allowed {
  const { data } = useQuery(meQuery);
  return {
    act: data?.scopes.includes('admin-act') ?? false,
    settle: data?.scopes.includes('admin-settle') ?? false,
  };
}
