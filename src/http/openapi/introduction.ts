/** `info.description`: what somebody must know who reads nothing else. Markdown. */
export const INTRODUCTION = `One REST contract in front of many payment services. \`{external}\` in a path is the name of the service that executes the
payment; without any configuration it is \`simulator\`, which is bundled.

**A first payment:** open \`POST /v3/{external}/pay\` below, and *Execute* it. \`providerData.scenario\` tells the simulator what to
do: the examples show a decline, a redirect, and a payment that ends later.

- **Amounts** are integers in the smallest unit of their currency: EUR 12.99 is \`1299\`, JPY 500 is \`500\`.
- **A decline is no error:** it is an answer with status 200 and \`"result": "KO"\`.
- **Errors** are problem documents (RFC 9457). Go by \`code\`. Where money may be at stake, \`outcome\` says whether it is safe to try again:
  \`not-executed\` is, \`unknown\` is not, unless with the same \`Idempotency-Key\`.
- **Idempotency:** send an \`Idempotency-Key\` with every POST and DELETE, and after a time-out repeat the request with the same key. It is executed
  once.
- **News** about payments is posted to your receiver: see the webhook below.
- **Unknown fields** in requests are refused; in answers there may be new ones one day: ignore what you do not know.
`;
