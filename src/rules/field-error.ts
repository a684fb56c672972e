/** A violation at a JSON pointer (RFC 6901) into the body, or at `/query/paymentId`, `/path/…`, `/headers/…`. */
export interface FieldError {
  readonly pointer: string;
  readonly detail: string;
}
