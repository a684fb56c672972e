import parsePrometheusTextFormat from 'parse-prometheus-text-format';

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
}

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LABEL = /([a-z_]+)="((?:[^"\\\n]|\\[\\n"])*)"/y;
const SAMPLE =
  /^([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\n"])*",?)*)\})? ([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[+-]Inf|NaN)$/;

/**
 * What a scraper reads. The families are as a parser from npm sees them, which fails on a line that is not of the text format; it
 * loses the labels of histograms, so samples are read here, strictly.
 */
export class Exposition {
  readonly families: readonly Family[];
  readonly samples: readonly Sample[];

  constructor(readonly text: string) {
    this.families = parsePrometheusTextFormat(text) as Family[];
    this.samples = text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map(readSample);
  }

  /** The sum of the samples of `name` that have these labels, as PromQL's `sum` has it; undefined where there are none. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const found = this.samples.filter(
      (sample) =>
        sample.name === name &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
    return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
  }
}

function readSample(line: string): Sample {
  const match = SAMPLE.exec(line);
  if (!match) throw new Error(`No sample of the text format: ${line}`);
  const [, name, labels = '', value] = match;
  return { name: name!, labels: readLabels(labels), value: readValue(value!) };
}

function readLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(new RegExp(LABEL.source, 'g'))) {
    labels[name!] = value!.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
  }
  return labels;
}

function readValue(text: string): number {
  return text.endsWith('Inf') ? (text.startsWith('-') ? -Infinity : Infinity) : Number(text);
}
