import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { load } from 'js-yaml';

interface Rule {
  readonly alert: string;
}

/** A fault as Prometheus sees it: series in the notation of promtool, one sample a minute. */
interface Case {
  readonly alert: string;
  readonly series: Readonly<Record<string, string>>;
  /** Minutes after the first sample: it does not fire yet, it fires, it has stopped. */
  readonly quiet?: number;
  readonly fires: number;
  readonly stops: number;
}

const CALLS = 'tollgate_external_calls_total{external="acme",instance="a",operation="pay"';
const REQUESTS = '{instance="a",job="tollgate"}';

/** One for each rule: a fault of half an hour, the time after which it fires, and the end. */
const CASES: readonly Case[] = [
  {
    alert: 'TollgateAbsent',
    series: { [`tollgate_build_info${REQUESTS}`]: '1x5 _x10 1x20' },
    quiet: 5,
    fires: 14,
    stops: 18,
  },
  {
    alert: 'TollgateRestarting',
    series: {
      [`tollgate_build_info${REQUESTS}`]: '1x120',
      [`process_start_time_seconds${REQUESTS}`]: '1 1 2 3 4 4x90',
    },
    quiet: 3,
    fires: 5,
    stops: 60,
  },
  counter('TollgateInternalError', 'tollgate_problems_total{code="internal-error",instance="a"}', {
    fires: 3,
    stops: 50,
  }),
  {
    alert: 'TollgateOverheadHigh',
    series: {
      'tollgate_gateway_overhead_seconds_bucket{le="0.1",operation="pay"}': '0+50x30 1500+100x60',
      'tollgate_gateway_overhead_seconds_bucket{le="0.5",operation="pay"}': '0+100x30 3000+100x60',
      'tollgate_gateway_overhead_seconds_bucket{le="+Inf",operation="pay"}': '0+100x30 3000+100x60',
    },
    quiet: 9,
    fires: 13,
    stops: 45,
  },
  gauge('TollgateEventLoopLag', 'tollgate_event_loop_lag_seconds{instance="a",stat="p99"}', 0.01, 0.5, 5),
  gauge('TollgateClockSkew', 'tollgate_clock_skew_seconds{instance="a"}', 0, -3, 1),
  counter('TollgateConfigurationRejected', 'tollgate_config_reloads_total{instance="a",result="rejected"}', {
    fires: 3,
    stops: 50,
  }),
  counter('TollgateLogLinesDropped', 'tollgate_log_lines_dropped_total{instance="a"}', {
    fires: 3,
    stops: 40,
  }),
  counter('TollgateOverloaded', 'tollgate_requests_overloaded_total{instance="a"}', {
    quiet: 1,
    fires: 5,
    stops: 40,
  }),
  counter('TollgateConnectionsDropped', 'tollgate_connections_dropped_total{instance="a"}', {
    fires: 3,
    stops: 40,
  }),
  counter(
    'TollgateIssuerUnavailable',
    'tollgate_callers_refused_total{instance="a",reason="issuer-unavailable"}',
    { quiet: 1, fires: 5, stops: 40 },
  ),
  gauge('TollgateDatabaseDown', 'tollgate_database_up{instance="a"}', 1, 0, 1),
  {
    alert: 'TollgateCommitsSlow',
    series: {
      'tollgate_database_commit_duration_seconds_bucket{instance="a",le="0.1"}': '0+50x30 1500+100x60',
      'tollgate_database_commit_duration_seconds_bucket{instance="a",le="0.5"}': '0+100x30 3000+100x60',
      'tollgate_database_commit_duration_seconds_bucket{instance="a",le="+Inf"}': '0+100x30 3000+100x60',
    },
    quiet: 9,
    fires: 13,
    stops: 45,
  },
  counter('TollgateDatabaseSessionsLost', 'tollgate_database_sessions_lost_total{instance="a"}', {
    quiet: 10,
    fires: 20,
    stops: 80,
  }),
  gauge('TollgateCheckpointsFailing', 'tollgate_database_log_bytes{instance="a"}', 1_000, 200_000_000, 1),
  {
    alert: 'TollgateExternalFailing',
    series: {
      [`${CALLS},outcome="unknown",reason="timeout"}`]: '0+10x30 300x60',
      [`${CALLS},outcome="completed",reason=""}`]: '0+90x90',
    },
    quiet: 4,
    fires: 10,
    stops: 40,
  },
  {
    // Nothing is unknown: connections are refused, then the breaker refuses.
    alert: 'TollgateExternalCallsFailing',
    series: {
      [`${CALLS},outcome="not-executed",reason="connection-failed"}`]: '0+1x30 30x60',
      [`${CALLS},outcome="not-executed",reason="circuit-open"}`]: '0+10x30 300x60',
      [`${CALLS},outcome="completed",reason=""}`]: '0x30 0+90x60',
    },
    quiet: 1,
    fires: 5,
    stops: 40,
  },
  {
    alert: 'TollgateCircuitOpen',
    series: {
      'tollgate_external_circuit_state{external="acme",instance="a",state="closed"}': '1 1 0 stale 0x26 1x60',
      // It flaps while its probes fail.
      'tollgate_external_circuit_state{external="acme",instance="a",state="open"}':
        '0 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1x14 0x60',
      'tollgate_external_circuit_state{external="acme",instance="a",state="half-open"}':
        '0 0 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0x14 0x60',
      'tollgate_external_circuit_state{external="acme",instance="b",state="closed"}': '1x90',
    },
    quiet: 3,
    fires: 6,
    stops: 32,
  },
  {
    alert: 'TollgateExternalSaturated',
    series: {
      'tollgate_external_calls_in_flight{external="acme",instance="a"}': '190 stale 190x28 10x60',
      'tollgate_external_concurrency_limit{external="acme",instance="a"}': '200x90',
    },
    quiet: 4,
    fires: 7,
    stops: 33,
  },
  counter('TollgateCredentialsRefused', `${CALLS},outcome="not-executed",reason="credentials-refused"}`, {
    quiet: 1,
    fires: 5,
    stops: 45,
  }),
  gauge('TollgatePaymentsUnknown', 'tollgate_payments_unknown{external="acme",instance="a"}', 0, 3, 30),
  {
    // Its series begins with the first case.
    alert: 'TollgateIdTaken',
    series: { 'tollgate_taken_ids_total{external="acme",instance="a"}': '_x4 1x120' },
    quiet: 3,
    fires: 6,
    stops: 70,
  },
  gauge('TollgateOrderPaidTwice', 'tollgate_orders_paid_twice{external="acme",instance="a"}', 0, 1, 5),
  gauge(
    'TollgateCanceledPaymentAccepted',
    'tollgate_canceled_payments_accepted{external="acme",instance="a"}',
    0,
    1,
    5,
  ),
  gauge(
    'TollgateOutcomesNotStored',
    'tollgate_outcomes_not_stored_oldest_age_seconds{instance="a"}',
    0,
    60,
    0,
  ),
  gauge('TollgateParked', 'tollgate_parked{instance="a",table="payments"}', 0, 1, 5),
  gauge('TollgateRefundsUnknown', 'tollgate_refunds_open{instance="a",state="UNKNOWN"}', 0, 1, 15),
  gauge('TollgateRefundsReversed', 'tollgate_refunds_reversed{instance="a"}', 0, 1, 5),
  gauge(
    'TollgateReconciliationLate',
    'tollgate_reconciliation_overdue_seconds{instance="a",table="payments"}',
    0,
    400,
    5,
  ),
  gauge('TollgateNotificationsDead', 'tollgate_notifications_dead{instance="a"}', 0, 1, 0),
  gauge('TollgateNotificationsLate', 'tollgate_notifications_oldest_age_seconds{instance="a"}', 1, 1_000, 5),
  gauge('TollgateReceiverPaused', 'tollgate_receiver_paused{instance="a"}', 0, 1, 5),
  counter(
    'TollgateCallbacksRefused',
    'tollgate_callbacks_refused_total{external="acme",instance="a",reason="signature"}',
    { quiet: 1, fires: 5, stops: 50 },
  ),
  {
    alert: 'TollgateCallbacksUnconfirmed',
    series: { 'tollgate_callbacks_unconfirmed{instance="a"}': '0 0 0 1 1 1x120' },
    quiet: 2,
    fires: 5,
    stops: 80,
  },
  gauge(
    'TollgateCallbacksLate',
    'tollgate_callbacks_overdue_seconds{external="acme",instance="a"}',
    0,
    400,
    5,
  ),
];

/**
 * A gauge that is bad from minute 2 to 60, but for a scrape that fails: on a bad night some do, and they must not begin
 * the wait anew. The rule waits for `waits` minutes.
 */
function gauge(alert: string, series: string, good: number, bad: number, waits: number): Case {
  return {
    alert,
    series: { [series]: `${good} ${good} ${bad} stale ${bad}x56 ${good}x60` },
    quiet: waits === 0 ? 1 : 1 + waits,
    fires: 3 + waits,
    stops: 62,
  };
}

/** A counter that grows by 10 a minute for half an hour. */
function counter(
  alert: string,
  series: string,
  times: { readonly quiet?: number; readonly fires: number; readonly stops: number },
): Case {
  return { alert, series: { [series]: '0+10x30 300x90' }, ...times };
}

const RULES = resolve('docs/alerts.yml');
const rules = (load(readFileSync(RULES, 'utf8')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

describe('alerts', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tollgate-alerts-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('have a fault each that is tried', () => {
    expect(CASES.map(({ alert }) => alert)).toEqual(rules.map(({ alert }) => alert));
  });

  (hasPromtool ? it : it.skip)('fire within their promise, and stop after the fault', () => {
    const file = join(folder, 'tests.json');
    writeFileSync(
      file,
      JSON.stringify({ rule_files: [RULES], evaluation_interval: '1m', tests: CASES.map(testOf) }),
    );
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
    expect({ status, output: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, output: '' });
  });
});

/** In the format of promtool, which reads YAML and therefore JSON. */
function testOf({ alert, series, quiet, fires, stops }: Case): unknown {
  const firing = (at: number, isFiring: boolean): unknown => ({
    expr: `count(ALERTS{alertname="${alert}",alertstate="firing"})`,
    eval_time: `${at}m`,
    exp_samples: isFiring ? [{ labels: '{}', value: 1 }] : [],
  });
  return {
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    promql_expr_test: [
      ...(quiet === undefined ? [] : [firing(quiet, false)]),
      firing(fires, true),
      firing(stops, false),
    ],
  };
}
