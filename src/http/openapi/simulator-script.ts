/**
 * With the bundled simulator, the documentation can be executed from top to bottom as it is prefilled: each execution is
 * a new order with a new key, and the example id of an item of `/admin` stands for the newest item that the operation
 * fits, which is made at the simulator where it takes one of unknown outcome. The page loads it only there.
 */
export const SIMULATOR_SCRIPT = `window.simulated = (root) => {
  const EXAMPLE_ID = /\\/((?:pay|ref|sub|op|ntf)_0199f2a4-[0-9a-f-]{27})(?=\\/|$)/;
  const unique = () => crypto.getRandomValues(new Uint32Array(2)).reduce((text, n) => text + n.toString(36), '');

  async function send(request, method, path, body) {
    const headers = { 'Content-Type': 'application/json' };
    for (const [name, value] of Object.entries(request.headers)) {
      if (/^(authorization|x-api-key)$/i.test(name)) headers[name] = value;
    }
    if (method !== 'GET') headers['Idempotency-Key'] = 'try-' + unique();
    const answer = await fetch(new URL(path, root), { method, headers, ...(body && { body: JSON.stringify(body) }) });
    return answer.json();
  }

  const order = (more) => ({ amount: 1299, currency: 'EUR', shopTransactionId: 'order-' + unique(), ...more });
  const newest = async (request, list) => (await send(request, 'GET', list)).items?.[0]?.id;

  // The operation, by method and path, and the item that it fits.
  const STAND_INS = [
    [/^GET .*\\/admin\\/payments\\/[^/]+$/, (request) => newest(request, 'admin/payments?limit=1')],
    [/^POST .*\\/admin\\/payments\\/[^/]+\\/(check|refund)$/, async (request) => {
      await send(request, 'POST', 'v3/simulator/pay', order());
      return newest(request, 'admin/payments?state=ACCEPTED&limit=1');
    }],
    [/^POST .*\\/admin\\/payments\\/[^/]+\\/cancel$/, async (request) => {
      await send(request, 'POST', 'v3/simulator/pay', order({ providerData: { scenario: 'redirect' } }));
      return newest(request, 'admin/payments?state=PENDING&limit=1');
    }],
    [/^POST .*\\/admin\\/payments\\/[^/]+\\/resolve$/, async (request) => {
      await send(request, 'POST', 'v3/simulator/pay', order({ providerData: { scenario: 'error-500' } }));
      return newest(request, 'admin/payments?state=UNKNOWN&limit=1');
    }],
    [/^(GET|POST) .*\\/admin\\/refunds\\/[^/]+(\\/resolve)?$/, async (request) => {
      const { paymentId } = await send(request, 'POST', 'v3/simulator/pay', order());
      const providerData = { scenario: 'refund-pending', delayMs: 3600000 };
      await send(request, 'POST', 'v3/simulator/refund', { amount: 500, currency: 'EUR', paymentId, providerData });
      const { items } = await send(request, 'GET', 'admin/payments?limit=1&paymentId=' + paymentId);
      return (await send(request, 'GET', 'admin/payments/' + items?.[0]?.id)).refunds?.[0]?.id;
    }],
    [/^POST .*\\/admin\\/operations\\/[^/]+\\/resolve$/, async (request) => {
      const subscriptionInfo = { interval: 'MONTH', intervalCount: 1 };
      const started = await send(request, 'POST', 'v3/simulator/subscription/start', order({ subscriptionInfo }));
      const change = { amount: 1499, currency: 'EUR', providerData: { scenario: 'error-500' } };
      await send(request, 'POST', 'v3/simulator/subscription/update/' + started.subscriptionToken, change);
      return newest(request, 'admin/operations?limit=1');
    }],
    [/^POST .*\\/admin\\/subscriptions\\/[^/]+\\/resolve$/, async (request) => {
      const subscriptionInfo = { interval: 'MONTH', intervalCount: 1 };
      const providerData = { scenario: 'error-500' };
      await send(request, 'POST', 'v3/simulator/subscription/start', order({ subscriptionInfo, providerData }));
      return newest(request, 'admin/subscriptions?state=UNKNOWN&limit=1');
    }],
    [/^POST .*\\/admin\\/notifications\\/[^/]+\\/replay$/, async (request) => {
      // Of a payment of its own, which no newer one supersedes, and once no attempt of it is on the wire.
      const { paymentId } = await send(request, 'POST', 'v3/simulator/pay', order({ providerData: { callbackTimes: 0 } }));
      await send(request, 'GET', 'v3/simulator/check?paymentId=' + paymentId);
      const payment = await newest(request, 'admin/payments?limit=1&paymentId=' + paymentId);
      for (let tries = 1; ; tries += 1) {
        const { items } = await send(request, 'GET', 'admin/notifications?limit=1&payment=' + payment);
        if (tries === 50 || /^(DELIVERED|RETRY|DEAD)$/.test(items?.[0]?.state)) return items?.[0]?.id;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }],
  ];

  // The newest order stands for the example of the search.
  async function withNewestOrder(request, url) {
    if (!url.pathname.endsWith('/admin/search') || url.searchParams.get('q') !== 'order-1001') return;
    const { items } = await send(request, 'GET', 'admin/payments?limit=1');
    if (items?.[0]) url.searchParams.set('q', items[0].shopTransactionId);
    request.url = url.href;
  }

  async function withStandIn(request) {
    const url = new URL(request.url);
    await withNewestOrder(request, url);
    const example = EXAMPLE_ID.exec(url.pathname)?.[1];
    if (!example) return;
    const [, find] = STAND_INS.find(([operation]) => operation.test(request.method + ' ' + url.pathname)) ?? [];
    const id = await find?.(request);
    if (id) request.url = request.url.replace(example, id);
  }

  // The unchanged order of an example becomes a new one: an order can be paid once.
  function withNewOrder(request) {
    if (typeof request.body !== 'string') return;
    request.body = request.body
      .replace(/("shopTransactionId"\\s*:\\s*"order-\\d{4})"/, (_, start) => start + '-' + unique() + '"')
      .replace(/("paymentId"\\s*:\\s*"pm_7f3a|"subscriptionToken"\\s*:\\s*"sub_91c2)"/, (all, start) =>
        request.url.endsWith('/resolve') ? start + '-' + unique() + '"' : all);
  }

  // The unchanged example of an erasure gets a payment of its own: what the page shows elsewhere keeps its texts.
  async function withErasable(request) {
    if (!new URL(request.url).pathname.endsWith('/admin/erasures') || typeof request.body !== 'string') return;
    if (!/"paymentId"\\s*:\\s*"pm_7f3a"/.test(request.body)) return;
    const { paymentId } = await send(request, 'POST', 'v3/simulator/pay', order());
    const { external: _, ...erasure } = JSON.parse(request.body);
    request.body = JSON.stringify({ ...erasure, paymentId });
  }

  // Without a key, the gateway refuses an identical request within seconds.
  function withNewKey(request) {
    const path = new URL(request.url).pathname;
    if (!/\\/v3\\/|\\/admin\\/payments\\/[^/]+\\/(refund|cancel)$/.test(path) || path.endsWith('/callback')) return;
    const given = request.headers['Idempotency-Key'];
    if (given === undefined || given === 'refund-4711') request.headers['Idempotency-Key'] = 'try-' + unique();
  }

  // It exists for externals with \`compatibility\` only, which the simulator is not.
  const style = document.createElement('style');
  style.textContent = '.opblock[id$="-expireSubscriptionByPost"] { display: none; }';
  document.head.append(style);

  return {
    requestInterceptor: async (request) => {
      if (request.loadSpec) return request;
      request.method = (request.method ?? 'GET').toUpperCase();
      await withStandIn(request);
      if (request.method !== 'GET') {
        await withErasable(request);
        withNewOrder(request);
        withNewKey(request);
      }
      return request;
    },
  };
};
`;
