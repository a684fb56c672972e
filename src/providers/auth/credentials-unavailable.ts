/**
 * No credentials were available in time: the request to the external was not sent. The message contains no secret and
 * no address.
 */
export class CredentialsUnavailable extends Error {
  constructor(
    readonly reason: 'token-refused' | 'token-unreachable' | 'token-timeout' | 'token-invalid',
    message: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CredentialsUnavailable';
  }
}
