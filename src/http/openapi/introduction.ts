/** `info.description`, in Markdown. */
export const INTRODUCTION = `One REST contract in front of many payment services. \`{external}\` in a path is the name of the service that executes the
payment; without any configuration it is \`simulator\`, which is bundled.

**A first payment:** open \`POST /v3/{external}/pay\` below, and *Execute* it. \`providerData.scenario\` selects the behaviour of the
simulator: the examples show a decline, a redirect, and a payment that ends later.

- **Amounts** are integers in the smallest unit of their currency: EUR 12.99 is \`1299\`, JPY 500 is \`500\`.
- **A decline is not an error:** the response has status 200 and \`"result": "KO"\`.
- **Errors** are problem documents (RFC 9457). Decide by \`code\`. Where money may have moved, \`outcome\` says whether a retry is safe:
  after \`not-executed\` it is; after \`unknown\` only with the same \`Idempotency-Key\`.
- **Idempotency:** send an \`Idempotency-Key\` with every POST and DELETE, and after a time-out repeat the request with the same key. The
  gateway executes it once. Without a key, an identical request is refused while the first is in flight (\`repeated-without-key\`).
- **Notifications** about payments are posted to your receiver: see the webhook below.
- **Unknown fields** in requests are refused. Responses may gain fields: ignore those that you do not know.
`;
