import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { certificateAuthority } from '../../test/support/certificates.js';
import { answerJson, startStubExternal } from '../../test/support/stub-external.js';
import { startReferenceExternal } from './reference-external.js';
import { type CliResult, runCli } from './cli.js';

/** What `verify` says of URLs at which nothing can be checked, and what it leaves behind. */

/** For an external that never answers. */
const SHORT = ['--timeout', '300'];
let folder: string;
let servers: Server[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-verify-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  servers = [];
});

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

async function portOf(server: Server, host = '127.0.0.1'): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}

const verify = (url: string, ...args: string[]): Promise<CliResult> =>
  runCli('verify', url, '--callback-port', '0', ...args);

/** Requires exit code 3, one line, and the same line as an error of the JUnit suite. */
async function requireUnreachable(url: string, message: RegExp, ...args: string[]): Promise<void> {
  const junit = join(folder, 'report.xml');
  rmSync(junit, { force: true });
  const { exitCode, stdout, stderr } = await verify(url, '--junit', junit, ...args);
  expect([exitCode, stdout]).toEqual([3, '']);
  expect(stderr).toMatch(new RegExp(`^tollgate: ${url.replaceAll(/[[\]]/g, '\\$&')} ${message.source}\n$`));
  const xml = readFileSync(junit, 'utf8');
  expect(xml).toContain('tests="1" failures="0" errors="1" skipped="0"');
  const [, reported] = /<error message="([^"]*)"\/>/.exec(xml)!;
  expect(`tollgate: ${reported!.replaceAll('&quot;', '"').replaceAll('&amp;', '&')}\n`).toBe(stderr);
}

describe('tollgate verify where nothing can be checked', () => {
  it('names a port without a listener, and a name without an address', async () => {
    const closed = createServer();
    const port = await portOf(closed);
    await new Promise((resolve) => closed.close(resolve));
    servers = [];
    await requireUnreachable(`http://127.0.0.1:${port}`, /has no listener \(ECONNREFUSED\)/);
    await requireUnreachable('http://no-such-host.invalid', /has a host name that does not resolve \(\w+\)/);
  }, 60_000);

  it('tells a server that hangs from one that cannot be reached', async () => {
    const sockets = new Set<{ destroy(): void }>();
    const port = await portOf(createServer((socket) => void sockets.add(socket.on('error', () => {}))));
    await requireUnreachable(
      `http://127.0.0.1:${port}`,
      /accepted the connection, and did not answer within 0\.3 s/,
      ...SHORT,
    );
    await requireUnreachable(
      `https://127.0.0.1:${port}`,
      /accepted the connection, and did not finish the TLS handshake within 0\.3 s/,
      ...SHORT,
    );
    for (const socket of sockets) socket.destroy();
  });

  it.each<[string, string, string, RegExp]>([
    ['a page', 'text/html', '<!doctype html><p>Welcome</p>', /answers HTML \(200\): it is a page, .*/],
    ['no HTTP', '', '', /does not speak HTTP\/1\.1|closed the connection without an answer.*/],
  ])('names %s', async (_, type, body, message) => {
    const external = await startStubExternal((_arrived, response) => {
      if (type === '') response.socket!.end('SSH-2.0-OpenSSH\r\n');
      else response.writeHead(200, { 'content-type': type }).end(body);
      return undefined;
    });
    await requireUnreachable(external.url, new RegExp(`(?:${message.source})`));
    await external.close();
  });

  it('names a redirect, and credentials that are refused', async () => {
    const external = await startStubExternal((_arrived, response) => {
      response.writeHead(301, { location: 'https://acme.test/' }).end();
      return undefined;
    });
    await requireUnreachable(
      external.url,
      /redirects \(301\) to https:\/\/acme\.test\/: give the URL itself.*/,
    );
    external.behave((_arrived, response) => answerJson(response, 401, {}));
    await requireUnreachable(external.url, /refused the credentials \(401\): configure "auth".*/);
    await external.close();
  });

  it('names each fault of a certificate, and how to mend it', async () => {
    const authority = certificateAuthority('Kit CA');
    const client = authority.issue('gateway');
    const config = file('externals.json', {
      externalServices: [
        {
          externalService: 'acme',
          baseUrl: 'https://acme.test',
          auth: {
            type: 'mtls',
            certFile: file('client.pem', client.cert),
            keyFile: file('client.key', client.key),
            caFile: file('ca.pem', authority.cert),
          },
        },
      ],
    });
    const trusting = ['--config', config, '--name', 'acme'];
    const nowMs = new Date().getTime();
    const expired = authority.issue('127.0.0.1', { validFromMs: nowMs - 2e9, validToMs: nowMs - 1e9 });
    const right = authority.issue('127.0.0.1');
    const alone = certificateAuthority('127.0.0.1');
    const urlOf = async ({ cert, key }: { cert: string; key: string }, host = '127.0.0.1'): Promise<string> =>
      `https://${host}:${await portOf(createTlsServer({ cert, key }), host)}`;
    await requireUnreachable(
      await urlOf(alone),
      /has a certificate that is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\): .* set NODE_EXTRA_CA_CERTS to its PEM file/,
    );
    await requireUnreachable(
      await urlOf(right),
      /has a certificate that is not trusted \(UNABLE_TO_\w+\): .*NODE_EXTRA_CA_CERTS.*/,
    );
    await requireUnreachable(
      await urlOf(expired),
      /has a certificate that is not trusted \(CERT_HAS_EXPIRED\): .* Renew it on the server/,
      ...trusting,
    );
    await requireUnreachable(
      await urlOf(right, '127.0.0.2'),
      /has a certificate that is not trusted \(ERR_TLS_CERT_ALTNAME_INVALID\): .* Use the name that the certificate is for/,
      ...trusting,
    );
    const plain = await startStubExternal();
    const [, port] = /:(\d+)$/.exec(plain.url)!;
    await requireUnreachable(`https://127.0.0.1:${port}`, /does not speak TLS \(\w+\): try http/);
    await plain.close();
  });

  it.each([
    [['--only', 'key-repat'], /--only: there is no check or group "key-repat"; see --list/],
    [['--data', '/nowhere.json'], /--data must be a JSON file; .*ENOENT/],
    [['--callback-port', '70000'], /integer from 0 to 65535/],
    [['--name', 'Acme'], /externalService/],
  ])('refuses %j with exit code 2', async (args, message) => {
    const { exitCode, stderr } = await verify('http://127.0.0.1:9', ...args);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(message)]);
  });

  it('says that --config has no external of that --name', async () => {
    const config = file('other.json', {
      externalServices: [{ externalService: 'globex', baseUrl: 'https://globex.test' }],
    });
    const { exitCode, stderr } = await verify('http://127.0.0.1:9', '--config', config, '--name', 'acme');
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringMatching(/must have the external of --name; got none named acme\n$/),
    ]);
  });
});

describe('tollgate verify', () => {
  it('writes JUnit: a case for each check, failures with what came, the rest skipped', async () => {
    const external = await startReferenceExternal(() => 'http://127.0.0.1:9', 'amount-optional');
    const junit = join(folder, 'junit.xml');
    const { stdout } = await verify(
      external.url,
      '--only',
      'pay,refuses-amount,pay-by-link',
      '--json',
      '--junit',
      junit,
    );
    await external.close();
    expect(JSON.parse(stdout)).toMatchObject({ passed: false, counts: { passed: 1, failed: 1 } });
    const xml = readFileSync(junit, 'utf8');
    expect(xml).toContain('tests="3" failures="1" errors="0" skipped="1"');
    expect(xml).toMatch(
      /name="refuses-amount: .*<failure message="§1: .*">sent: POST \/pay.*\ncame: 200 .*\nmend: /,
    );
  });

  it('hangs on no external that hangs after the first answer, and says so', async () => {
    const external = await startReferenceExternal(() => 'http://127.0.0.1:9', 'hangs-on-pay');
    const { stdout } = await verify(external.url, '--json', ...SHORT);
    await external.close();
    const { passed, checks } = JSON.parse(stdout) as {
      passed: boolean;
      checks: { id: string; verdict: string; reason?: string }[];
    };
    expect(passed).toBe(false);
    expect(checks[0]).toMatchObject({ id: 'pay', verdict: 'failed' });
    expect(checks.filter(({ verdict }) => verdict === 'passed')).toEqual([]);
    expect(checks.at(-1)!.reason).toContain('does not answer any more');
  });

  it('reports no verdict of a server that ends in the middle', async () => {
    const server = await startStubExternal((_arrived, response) => answerJson(response, 404, {}));
    let left = 1;
    server.behave((_arrived, response) => {
      if (left-- > 0) return answerJson(response, 404, { detail: 'Never seen' });
      response.destroy();
      return undefined;
    });
    const { stdout } = await verify(server.url, '--json', '--only', 'route-unknown,method-wrong');
    await server.close();
    const { checks } = JSON.parse(stdout) as { checks: { verdict: string; reason: string }[] };
    for (const { verdict, reason } of checks)
      expect([verdict, reason]).toEqual(['failed', expect.stringContaining('broke before its answer')]);
  });

  it('ends with 130 at Ctrl-C in the middle, and nothing is left open', async () => {
    const external = await startStubExternal(({ method }, response) =>
      method === 'GET' ? answerJson(response, 404, { detail: 'Never seen' }) : undefined,
    );
    const free = createServer();
    const port = await portOf(free);
    await new Promise((resolve) => free.close(resolve));
    servers = [];
    const paid = new Promise<void>((resolve) => {
      external.behave(({ method }, response) => {
        if (method === 'GET') return answerJson(response, 404, { detail: 'Never seen' });
        resolve();
        return undefined;
      });
    });
    const hooks = ['--disable-warning=ExperimentalWarning', '--import', './test/support/typescript-hooks.js'];
    const args = [...hooks, 'cli/src/main.ts', 'verify', external.url, '--callback-port', String(port)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const stderr = text(child.stderr);
    const ended = once(child, 'exit');
    await paid;
    await requireListener(port, true);
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
    expect(await stderr).toMatch(
      /^tollgate: interrupted before the first check; connections .* are closed\..*\n$/,
    );
    await requireListener(port, false);
    await external.close();
  }, 60_000);
});

async function requireListener(port: number, isThere: boolean): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' });
  const end = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  expect(end).toBe(isThere);
}
