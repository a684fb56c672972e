import type { HttpService } from '@nestjs/axios';

/**
 * Takes axios' defaults off `http`, which must be nobody else's, and returns it. axios merges them into every
 * request anew, which costs more than sending it; and none of them is wanted here: bodies come and go as they are, every status
 * is an answer, and the connections are {@link UndiciAdapter}'s. Use its `axiosRef` only: its Observable methods make an error
 * with a stack after every answer.
 */
export function bareHttpService(http: HttpService): HttpService {
  const defaults = http.axiosRef.defaults as Record<string, unknown>;
  for (const name of Object.keys(defaults)) delete defaults[name];
  return http;
}
