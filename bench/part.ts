import type { BenchRun } from './bench-run.js';

/** The parts of `npm run bench`, each with a section of its own in docs/performance.md. */
export const PART_NAMES = [
  'comparison',
  'open-loop',
  'start-up',
  'drain',
  'postgres',
  'replicas',
  'profile',
  'memory',
  'growth',
] as const;

export type PartName = (typeof PART_NAMES)[number];

/** What a trial makes shorter; every part has defaults of its own. */
export interface BenchOptions {
  /** How often each thing is measured, in turns with the others. */
  readonly rounds?: number | undefined;
  /** Of each window that is measured. */
  readonly seconds?: number | undefined;
  /** Of each server, before anything is measured. */
  readonly warmUpSeconds?: number | undefined;
  /** Requests (memory), notifications (drain) or payments (growth). */
  readonly count?: number | undefined;
}

/** A limit of the requirements, and what was measured. */
export interface Target {
  readonly name: string;
  readonly limit: number;
  readonly measured: number;
  readonly unit: '×' | 'ms' | 's' | 'KB';
  /** Where more is better: the limit is the least. */
  readonly atLeast?: boolean;
}

export interface Findings {
  /** Tables, and what one has to know to read them. */
  readonly markdown: string;
  readonly targets: readonly Target[];
}

/** Measures one thing. Undefined where that is not possible here; it has said why. */
export type Part = (run: BenchRun, options: BenchOptions) => Promise<Findings | undefined>;

/** Progress goes to standard error: what was found can be taken from standard output alone. */
export function say(text: string): void {
  console.error(text);
}
