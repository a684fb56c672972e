import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Gateway, startGateway } from '../../test/support/gateway.js';
import { startStubExternal } from '../../test/support/stub-external.js';
import { runCli } from './cli.js';

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway();
});

afterAll(() => gateway.close());

interface Step {
  readonly call: string;
  readonly body: Readonly<Record<string, unknown>>;
}

async function triggered(scenario: string): Promise<readonly string[]> {
  const url = `${gateway.url}/v3/simulator/`;
  const { exitCode, stdout } = await runCli('trigger', scenario, '--url', url, '--json');
  expect(exitCode).toBeUndefined();
  return (JSON.parse(stdout) as Step[]).map(({ call, body: { result, status, code } }) =>
    [call.replace(/\?.*/, ''), result ?? code ?? status].join(' '),
  );
}

describe('tollgate trigger', () => {
  it.each([
    ['ok', ['POST /pay OK']],
    ['decline', ['POST /pay KO']],
    ['pending', ['POST /pay PENDING', 'GET /status ACCEPTED']],
    ['late-success', ['POST /pay KO', 'GET /status ACCEPTED']],
    ['redirect', ['POST /pay REDIRECT_TO_URL']],
    ['error-500', ['POST /pay provider-error']],
    ['malformed', ['POST /pay invalid-provider-response']],
    ['not-supported', ['POST /pay operation-not-supported']],
    ['refund-pending', ['POST /pay OK', 'POST /refund PENDING']],
    ['subscription-lapses', ['POST /subscription/start OK']],
  ])('%s', async (scenario, steps) => expect(await triggered(scenario)).toEqual(steps));

  it('lists the scenarios', async () => {
    const { exitCode, stdout } = await runCli('trigger');
    expect(exitCode).toBeUndefined();
    for (const name of ['late-success', 'refund-reversed', 'PENDING, final after delayMs'])
      expect(stdout).toContain(name);
  });

  it('shows a person where to decide', async () => {
    const { stdout } = await runCli('trigger', 'redirect', '--url', `${gateway.url}/v3/simulator`);
    expect(stdout).toMatch(/^REDIRECT_TO_URL {2}sim_pay_\S+\nOpen http:\S+\/checkout\/\S+ and decide.\n$/);
  });

  it('says in one line what is wrong', async () => {
    const unknown = await runCli('trigger', 'explode');
    expect([unknown.exitCode, unknown.stderr]).toEqual([
      2,
      expect.stringMatching(/^tollgate: there is no scenario explode; there are ok, .*\n$/),
    ]);
    const other = await runCli('trigger', 'ok', '--url', `${gateway.url}/v3/other`);
    expect([other.exitCode, other.stderr]).toEqual([
      1,
      expect.stringMatching(/^tollgate: the gateway answered 404 external-not-found: .*\n$/),
    ]);
    const closed = await startStubExternal();
    await closed.close();
    const unreachable = await runCli('trigger', 'ok', '--url', closed.url);
    expect([unreachable.exitCode, unreachable.stderr]).toEqual([
      3,
      expect.stringMatching(/cannot be reached \(ECONNREFUSED\); start it: tollgate start\n$/),
    ]);
  });
});
