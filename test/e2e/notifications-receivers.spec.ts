import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { ReceiversReloader } from '../../src/notifications/receivers.reloader.js';
import { call } from '../support/client.js';
import { NOTIFICATION_SECRET } from '../support/delivery.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { LogLines } from '../support/log-lines.js';
import { startStubExternal, type StubExternal } from '../support/stub-external.js';
import { startReceiver, type TestReceiver } from '../support/test-receiver.js';
import { until } from '../support/until.js';

/** Several receivers (SPEC §5). */

const ADMIN = { authorization: 'Bearer admin-secret' };
const ERP_SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';

interface Listed {
  readonly items: readonly { readonly id: string; readonly state: string; readonly receiver: string }[];
}

describe('several receivers', () => {
  let external: StubExternal;
  let shop: TestReceiver;
  let erp: TestReceiver;
  let gateway: Gateway;
  let log: LogLines;
  let erpEntry: object;

  beforeEach(async () => {
    [external, shop, erp] = await Promise.all([
      startStubExternal(() => ({ status: 'ACCEPTED', shopTransactionId: 'order-1' })),
      startReceiver(),
      startReceiver(),
    ]);
    erpEntry = {
      receiver: 'erp',
      url: erp.url,
      secret: ERP_SECRET,
      events: ['payment'],
      externals: ['acme'],
    };
    log = new LogLines();
    gateway = await startGateway({
      externals: [
        { externalService: 'acme', baseUrl: external.url },
        { externalService: 'globex', baseUrl: external.url },
      ],
      receivers: [erpEntry],
      env: {
        PAYMENT_CALLBACK_URL: shop.url,
        NOTIFICATION_SECRET,
        NOTIFICATION_SCHEDULE: '50ms',
        LOG_LEVEL: 'info',
        API_KEYS: 'admin:admin-secret:admin+read',
      },
      logOutput: log,
    });
  });
  afterEach(async () => {
    await gateway.close();
    await Promise.all([external.close(), shop.stop(), erp.stop()]);
  });

  const check = (name: string, paymentId: string) =>
    call(`${gateway.url}/v3/${name}/check?paymentId=${paymentId}`, 'GET', undefined, ADMIN);
  const list = async (query: string): Promise<Listed['items']> =>
    (
      (await call(`${gateway.url}/admin/notifications?${query}`, 'GET', undefined, ADMIN))
        .body as unknown as Listed
    ).items;
  const write = async (text: string): Promise<void> => {
    writeFileSync(gateway.receiversPath!, text);
    await gateway.app.get(ReceiversReloader).check();
  };
  const reloads = async (result: string): Promise<boolean> =>
    (await (await fetch(`${gateway.url}/metrics`)).text()).includes(
      `tollgate_receivers_reloads_total{result="${result}"} 1`,
    );

  it('get what they have asked for, each signed with its own secret', async () => {
    await check('acme', 'pm_1');
    await check('globex', 'pm_2');
    await until(() => shop.received.length === 2 && erp.received.length === 1, 'the notifications');
    const [{ body, headers }] = erp.received as [TestReceiver['received'][number]];
    const signed = new Webhook(ERP_SECRET).verify(body, headers as Record<string, string>);
    expect(signed).toMatchObject({ status: 'ACCEPTED', paymentId: 'pm_1', version: 1 });
    for (const { body, headers } of shop.received)
      expect(new Webhook(NOTIFICATION_SECRET).verify(body, headers as Record<string, string>)).toBeTruthy();
  });

  it('one whose deliveries fail has dead letters of its own: listed, counted and replayed by receiver', async () => {
    erp.answers(500, 410, 200);
    await check('acme', 'pm_1');
    await until(async () => (await list('receiver=erp&state=DEAD')).length === 1, 'the dead letter');
    expect(await list('receiver=payment-callback&state=DEAD')).toEqual([]);
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toContain('tollgate_notifications_dead{receiver="erp"} 1');
    expect(metrics).toContain('tollgate_notifications_dead{receiver="payment-callback"} 0');
    const replay = (receiver: string) =>
      call(`${gateway.url}/admin/notifications/replay`, 'POST', { receiver }, ADMIN);
    expect((await replay('payment-callback')).body).toMatchObject({ replayed: 0 });
    expect((await replay('erp')).body).toMatchObject({ replayed: 1 });
    await until(async () => (await list('receiver=erp&state=DELIVERED')).length === 1, 'the replay');
  });

  it('the file is watched: one that is removed keeps its rows, and a new one gets no history', async () => {
    erp.answers(500, 410, 200);
    await check('acme', 'pm_1');
    await until(async () => (await list('receiver=erp&state=DEAD')).length === 1, 'the dead letter');
    const [dead] = await list('receiver=erp');

    const crm = { ...erpEntry, receiver: 'crm' };
    await write(JSON.stringify({ receivers: [crm] }));
    await until(() => reloads('accepted'), 'the reload');
    await check('acme', 'pm_2');
    await until(async () => (await list('receiver=crm&state=DELIVERED')).length === 1, 'that of the new one');
    expect(await list('receiver=crm')).toHaveLength(1);
    const replayed = await call(
      `${gateway.url}/admin/notifications/${dead!.id}/replay`,
      'POST',
      undefined,
      ADMIN,
    );
    expect(replayed.status).toBe(200);
    expect(await list('receiver=erp')).toMatchObject([{ id: dead!.id, state: 'PENDING' }]);

    await write(JSON.stringify({ receivers: [crm, erpEntry] }));
    await until(async () => (await list('receiver=erp&state=DELIVERED')).length === 1, 'what had waited');
  });

  it('an invalid change of the file is logged and counted, and changes nothing', async () => {
    await write('{"receivers":[{"receiver":"erp"}]}');
    await until(() => reloads('rejected'), 'the refused reload');
    expect(log.text).toContain('#/receivers/0/url: must be');
    await check('acme', 'pm_1');
    await until(() => erp.received.length === 1, 'the notification');
  });
});
