/** What the simulator answers with a 4xx and a `detail`: it understood the request and executes nothing. */
export class Refusal extends Error {
  constructor(
    readonly status: 400 | 404 | 422,
    readonly detail: string,
  ) {
    super(detail);
    this.name = 'Refusal';
  }
}
