/** The simulator understood the request and executes nothing: it answers with this status and `detail`. */
export class RequestError extends Error {
  constructor(
    readonly status: 400 | 404 | 422,
    readonly detail: string,
  ) {
    super(detail);
    this.name = 'RequestError';
  }
}
