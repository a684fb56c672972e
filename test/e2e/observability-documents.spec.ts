import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import { load } from 'js-yaml';
import { Metrics, type DeclaredMetric } from '../../src/observability/metrics/metrics.js';
import { type Gateway, startGateway } from '../support/gateway.js';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface RulesFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

const text = (path: string): string => readFileSync(path, 'utf8');
const rules = (load(text('docs/alerts.yml')) as RulesFile).groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(text('docs/grafana-dashboard.json')) as Dashboard;
const runbook = text('docs/operating.md');

/** Prometheus adds these to what it scrapes. */
const SCRAPED_LABELS = ['instance', 'job', 'le'];

/** A series in a query: its metric, and the labels that the query names or groups by. */
interface Question {
  readonly metric: string;
  readonly labels: readonly string[];
}

/** Parses with Prometheus' own grammar; throws if the text is not PromQL. */
function questionsOf(promql: string): { questions: Question[]; groupings: string[] } {
  const query = promql.replaceAll('$__rate_interval', '5m').replaceAll('$external', '.*');
  const questions: Question[] = [];
  const groupings: string[] = [];
  parser.parse(query).iterate({
    enter: ({ node, type, from, to }) => {
      if (type.isError) throw new Error(`No PromQL at ${from}: ${query}`);
      if (type.name === 'VectorSelector') questions.push(questionOf(node, query));
      if (type.name === 'GroupingLabels') {
        groupings.push(
          ...query
            .slice(from, to)
            .matchAll(/[a-z_]+/g)
            .map(([label]) => label),
        );
      }
    },
  });
  return { questions, groupings };
}

function questionOf(selector: SyntaxNode, query: string): Question {
  const identifier = selector.getChild('Identifier')!;
  const labels: string[] = [];
  selector.cursor().iterate(({ type, from, to }) => {
    if (type.name === 'LabelName') labels.push(query.slice(from, to));
  });
  return { metric: query.slice(identifier.from, identifier.to), labels };
}

describe('the documents about metrics', () => {
  let gateway: Gateway;
  let declared: readonly DeclaredMetric[];

  beforeAll(async () => {
    gateway = await startGateway();
    declared = gateway.app.get(Metrics).declared();
  });
  afterAll(() => gateway.close());

  function metricOf(series: string): DeclaredMetric | undefined {
    const ofHistogram = series.replace(/_(?:bucket|sum|count)$/, '');
    return declared.find(
      ({ name, type }) => name === series || (type === 'histogram' && name === ofHistogram),
    );
  }

  function expectToExist(promql: string): void {
    const { questions, groupings } = questionsOf(promql);
    expect(questions).not.toEqual([]);
    const known = questions.flatMap(({ metric, labels }) => {
      const names = metricOf(metric)?.labelNames ?? [];
      expect({ promql, metric, exists: metricOf(metric) !== undefined }).toMatchObject({ exists: true });
      expect([...names, ...SCRAPED_LABELS]).toEqual(expect.arrayContaining([...labels]));
      return names;
    });
    expect([...known, ...SCRAPED_LABELS]).toEqual(expect.arrayContaining(groupings));
  }

  it('match each alert', () => {
    expect(rules).not.toEqual([]);
    for (const { expr } of rules) expectToExist(expr);
  });

  it('show each metric of an alert on the dashboard', () => {
    const metricsOf = (queries: readonly string[]): (string | undefined)[] =>
      queries.flatMap((query) => questionsOf(query).questions.map(({ metric }) => metricOf(metric)?.name));
    const shown = metricsOf(dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)));
    const missing = metricsOf(rules.map(({ expr }) => expr)).filter(
      (name) => name?.startsWith('tollgate_') && !shown.includes(name),
    );
    expect(missing).toEqual([]);
  });

  it('match each panel, annotation and variable of the dashboard', () => {
    const { panels, annotations, templating } = dashboard;
    const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(queries.length).toBeGreaterThan(30);
    for (const query of [...queries, ...annotations.list.map(({ expr }) => expr)]) expectToExist(query);
    const [, metric, label] = /^label_values\((\w+), (\w+)\)$/.exec(
      templating.list.find(({ name }) => name === 'external')!.definition!,
    )!;
    expect(metricOf(metric!)?.labelNames).toContain(label);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });

  it('have each alert once, with a severity, a summary and a section of the runbook', () => {
    const names = rules.map(({ alert }) => alert);
    expect(names).toHaveLength(new Set(names).size);
    expect([...runbook.matchAll(/^#### (\w+)$/gm)].map(([, name]) => name)).toEqual(names);
    for (const rule of rules) {
      expect(rule).toMatchObject({
        labels: { severity: expect.stringMatching(/^(?:critical|warning)$/) },
        annotations: { summary: expect.any(String), description: expect.any(String) },
      });
      expect(rule.for ?? '1m').toMatch(/^\d+[smh]$/);
    }
  });

  it('list every metric, its type and labels', () => {
    const row = ({ name, type, labelNames, help }: DeclaredMetric): string =>
      [`\`${name}\``, type, labelNames.map((label) => `\`${label}\``).join(', '), help].join('|');
    const listed = [...text('docs/metrics.md').matchAll(/^\| (`[^|]+) *\| *(\w+) *\|([^|]*)\|(.*)\|$/gm)].map(
      (cells) =>
        cells
          .slice(1)
          .map((cell) => cell.trim())
          .join('|'),
    );
    expect(listed.toSorted(inOrder)).toEqual(declared.map(row).toSorted(inOrder));
  });
});

function inOrder(a: string, b: string): number {
  return a.localeCompare(b);
}
