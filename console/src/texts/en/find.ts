/** The search for an id. */
export const find = {
  title: 'Find',
  label: 'What are you looking for?',
  help: 'An order, paymentId, refundId, subscription token, request id, trace id, an id of the gateway, or an amount such as 12.99 EUR.',
  placeholder: 'order-1001',
  search: 'Search',
  searched: (names: string): string => `Searched by ${names}.`,
  since: (time: string): string =>
    `Request ids of callers and trace ids have no index: those since ${time} were searched.`,
  ofAmount: (amount: string): string => `Show the payments of ${amount}`,
  nothing: (text: string): string => `Nothing has the id “${text}”`,
  nothingHelp:
    'Ids are compared whole. If a caller cannot name its order, use the lists and their filters; if the request never arrived, the gateway’s log has its X-Request-Id.',
  matched: 'found by',
  names: {
    id: 'gateway id',
    paymentId: 'paymentId',
    shopTransactionId: 'order',
    refundId: 'refundId',
    subscriptionToken: 'subscription token',
    requestId: 'request',
    traceId: 'trace',
  } as Readonly<Record<string, string>>,
  kinds: {
    payment: 'Payment',
    refund: 'Refund',
    subscription: 'Subscription',
    operation: 'Operation',
    notification: 'Notification',
    callback: 'Callback',
    act: 'Act of an operator',
  } as Readonly<Record<string, string>>,
};
