import type { Target } from '../part.js';

/** A table whose first column is text and whose others are figures. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 ? '---' : '--:'));
  return [head, rule, ...rows].map(line).join('\n');
}

/** `0.71 ×` */
export function times(ratio: number): string {
  return `${ratio.toFixed(2)} ×`;
}

/** `1,234,567` */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-GB');
}

/** Judged by what was measured, not by what is left of it after rounding. */
export function targetTable(targets: readonly Target[]): string {
  return table(
    ['target', 'limit', 'measured', ''],
    targets.map((target) => [
      target.name,
      `${target.atLeast ? 'at least' : 'at most'} ${target.limit} ${target.unit}`,
      Number.isFinite(target.measured) ? `${target.measured.toFixed(2)} ${target.unit}` : 'too many refused',
      isMet(target) ? 'met' : '**missed**',
    ]),
  );
}

function isMet({ limit, measured, atLeast }: Target): boolean {
  return atLeast ? measured >= limit : measured <= limit;
}
