import type { Command } from 'commander';
import { INTERRUPTED, newCommand } from '../command.js';
import { CommandError, EXIT } from '../exit-codes.js';
import { integerOption, urlOption } from '../option-values.js';
import { note, print, printJson, styled, type Terminal } from '../terminal.js';
import type { Step } from './trigger.js';

const URL_OF_START = 'http://localhost:8080/v3/simulator';

interface TriggerCommandOptions {
  readonly url: string;
  readonly amount: number;
  readonly currency: string;
  readonly wait: number;
  readonly json?: true;
}

export function triggerCommand(terminal: Terminal): Command {
  return newCommand('trigger', {
    summary: 'Make a payment at the simulator that ends as you say',
    description:
      'Makes a payment of a new order through a running gateway at its simulator, which ends as the scenario says. ' +
      'Without a scenario it lists them. An API key, where the gateway requires one, comes from TOLLGATE_API_KEY.',
    examples: [
      ['tollgate trigger', 'list the scenarios'],
      ['tollgate trigger decline', 'a payment that is declined'],
      ['tollgate trigger pending', 'PENDING, then ACCEPTED: the receiver is notified'],
      ['tollgate trigger refund-reversed', 'a payment, and its refund that the bank sends back'],
    ],
    exitCodes: [
      [EXIT.ok, 'the payment was made, and ended as the scenario says'],
      [EXIT.failed, 'the gateway refused the request'],
      [EXIT.usage, 'the command line is not valid, or there is no such scenario'],
      [EXIT.unreachable, 'the gateway cannot be reached'],
      INTERRUPTED,
    ],
  })
    .argument('[scenario]', 'what happens')
    .option('--url <url>', 'the simulator at the gateway', urlOption, URL_OF_START)
    .option('--amount <minor units>', 'the amount', integerOption(1, 999_999_999_999), 1_299)
    .option('--currency <code>', 'its currency', 'EUR')
    .option('--wait <seconds>', 'wait this long for a payment that is PENDING', integerOption(0, 3_600), 30)
    .option('--json', 'print JSON, for programs')
    .action(async (scenario: string | undefined, { json, wait, url, ...payment }: TriggerCommandOptions) => {
      const { SCENARIOS } = await import('@tollgate/simulator');
      if (scenario === undefined) return listScenarios(terminal, SCENARIOS, json);
      if (!isScenario(SCENARIOS, scenario))
        throw new CommandError(
          `there is no scenario ${scenario}; there are ${Object.keys(SCENARIOS).join(', ')}`,
          EXIT.usage,
        );
      const [{ trigger }, { processEnvironment }] = await Promise.all([
        import('./trigger.js'),
        import('../../../src/config/environment.js'),
      ]);
      const steps: Step[] = [];
      const request = {
        ...payment,
        scenario,
        url: url.replace(/\/+$/, ''),
        apiKey: processEnvironment()['TOLLGATE_API_KEY'],
        waitMs: wait * 1_000,
      };
      for await (const step of trigger(request)) {
        steps.push(step);
        if (!json) printStep(terminal, step);
      }
      if (json) printJson(terminal, steps);
    });
}

type Scenarios = Readonly<Record<string, { readonly summary: string }>>;

function isScenario<Known extends Scenarios>(scenarios: Known, name: string): name is keyof Known & string {
  return Object.hasOwn(scenarios, name);
}

function listScenarios(terminal: Terminal, scenarios: Scenarios, json: true | undefined): void {
  const list = Object.entries(scenarios).map(([scenario, { summary }]) => ({ scenario, summary }));
  if (json) return printJson(terminal, list);
  const width = Math.max(...list.map(({ scenario }) => scenario.length));
  for (const { scenario, summary } of list)
    print(terminal, `${styled(terminal.stdout, 'bold', scenario.padEnd(width))}  ${summary}`);
}

function printStep(terminal: Terminal, { call, status, body }: Step): void {
  note(terminal, styled(terminal.stderr, 'dim', `${call} → ${status}`));
  const fields = body as Readonly<Record<string, string | undefined>>;
  const { result, status: paymentStatus, code, outcome, paymentId, refundId, subscriptionToken } = fields;
  const ids = [paymentId, refundId, subscriptionToken].filter((id) => id !== undefined);
  const end = result ?? (code === undefined ? paymentStatus : `${code} (outcome ${outcome ?? 'none'})`);
  print(terminal, [styled(terminal.stdout, 'bold', end ?? 'no result'), ...ids].join('  '));
  const { redirectToUrl } = fields;
  if (redirectToUrl !== undefined) print(terminal, `Open ${redirectToUrl} and decide.`);
}
