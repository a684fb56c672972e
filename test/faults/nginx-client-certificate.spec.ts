import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { certificateAuthority } from '../support/certificates.js';
import { call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { freePort } from '../support/postgres-cluster.js';
import { until } from '../support/until.js';

/** A real nginx with `ssl_verify_client` in front of an external. */

const hasNginx = (): boolean => {
  try {
    execFileSync('nginx', ['-v'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

(hasNginx() ? describe : describe.skip)('a client certificate that nginx refuses', () => {
  const authority = certificateAuthority('authority');
  let folder: string;
  let nginx: ChildProcess;
  let gateway: Gateway;

  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tollgate-nginx-'));
    const port = await freePort();
    const [server, client] = [authority.issue('server'), authority.issue('gateway')];
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    const configuration = write(
      'nginx.conf',
      `daemon off;
master_process off;
pid ${folder}/nginx.pid;
events {}
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${write('server.pem', server.cert)};
    ssl_certificate_key ${write('server.key', server.key)};
    ssl_client_certificate ${write('strangers.pem', certificateAuthority('strangers').cert)};
    ssl_verify_client on;
    location / { default_type application/json; return 200 '{"result":"OK","paymentId":"pm_1"}'; }
  }
}
`,
    );
    nginx = spawn('nginx', ['-p', folder, '-c', configuration, '-e', join(folder, 'error.log')]);
    await until(() => {
      const socket = connect(port, '127.0.0.1');
      return once(socket, 'connect').then(
        () => (socket.destroy(), true),
        () => false,
      );
    }, 'nginx to listen');
    const auth = {
      type: 'mtls',
      certFile: write('client.pem', client.cert),
      keyFile: write('client.key', client.key),
      caFile: write('authority.pem', authority.cert),
    };
    const external = { externalService: 'acme', baseUrl: `https://127.0.0.1:${port}`, auth };
    gateway = await startGateway({ externals: [external] });
  });
  afterAll(async () => {
    await gateway.close();
    nginx.kill('SIGKILL');
    await once(nginx, 'exit');
    rmSync(folder, { recursive: true });
  });

  it('is 502 provider-error, not-executed, and the order may be tried again', async () => {
    const order = { amount: 1, currency: 'EUR', shopTransactionId: 'order-1' };
    for (let i = 0; i < 2; i += 1) {
      const { status, body } = await call(`${gateway.url}/v3/acme/pay`, 'POST', order);
      expect([status, body['code'], body['outcome']]).toEqual([502, 'provider-error', 'not-executed']);
      expect(body['detail']).toContain('refused the credentials of the gateway (400)');
    }
  });
});
