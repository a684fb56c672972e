import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Undefined where there is none. */
export function nginxVersion(): string | undefined {
  // It writes its version to standard error.
  const { stderr, status } = spawnSync('nginx', ['-v'], { encoding: 'utf8' });
  return status === 0 ? stderr.trim().split('/').at(-1) : undefined;
}

/** Writes a configuration below `folder` and answers the command that runs it. */
function nginxCommand(folder: string, name: string, http: string): [string, ...string[]] {
  const prefix = join(folder, name);
  mkdirSync(prefix, { recursive: true });
  const file = join(prefix, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off;
# One process: what it costs is read from its own /proc entry.
master_process off;
pid ${prefix}/nginx.pid;
error_log ${prefix}/error.log;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${prefix}/body;
  proxy_temp_path ${prefix}/proxy;
  fastcgi_temp_path ${prefix}/fastcgi;
  uwsgi_temp_path ${prefix}/uwsgi;
  scgi_temp_path ${prefix}/scgi;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
${http}
}
`,
  );
  return ['nginx', '-p', prefix, '-c', file];
}

/**
 * The external, and the receiver of notifications. The payment's id is another one each time, as with every real
 * external; the rest is constant.
 */
export function stubCommand(folder: string, port: number): [string, ...string[]] {
  return nginxCommand(
    folder,
    'stub',
    `  server {
    listen 127.0.0.1:${port};
    default_type application/json;
    location = /pay { return 200 '{"result":"OK","resultDescription":"Approved","paymentId":"pm_$request_id"}'; }
    location = /status { return 200 '{"status":"ACCEPTED","paymentId":"$arg_paymentId","shopTransactionId":"order-1001"}'; }
    location = /receiver { return 204; }
    location = /health { return 200 '{}'; }
  }`,
  );
}

export function proxyCommand(folder: string, port: number, upstreamPort: number): [string, ...string[]] {
  return nginxCommand(
    folder,
    'proxy',
    `  upstream external { server 127.0.0.1:${upstreamPort}; keepalive 256; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port};
    location /v3/acme/ { proxy_pass http://external/; proxy_http_version 1.1; proxy_set_header Connection ""; }
    location = /health { return 200; }
  }`,
  );
}
