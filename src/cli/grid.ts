import type { InsightGrid, InsightRow } from '../insights/catalogue.ts';

/** From none to most. */
const SHADES = ['· ', '░░', '▒▒', '▓▓', '██'];

/** Rows as a grid of shades, with the sum of each line, and a word on the darkest. Pure. */
export function grid(rows: readonly InsightRow[], { down, across, value, lineNames }: InsightGrid): string {
  const number = (row: InsightRow, name: string): number => Number(row[name] ?? 0);
  const most = rows.reduce(
    (best, row) => (number(row, value) > number(best, value) ? row : best),
    rows[0] ?? {},
  );
  const peak = Math.max(1, number(most, value));
  const lines = Map.groupBy(rows, row => number(row, down));
  const name = (line: number): string => lineNames[line - 1] ?? String(line);
  const label = Math.max(...lineNames.map(each => each.length));
  const ticks = (lines.values().next().value ?? [])
    .map(row => number(row, across))
    .filter(at => at % 3 === 0)
    .map(at => String(at).padStart(2, '0').padEnd(6))
    .join('')
    .trimEnd();
  const body = [...lines].map(([line, cells]) => {
    const shades = cells
      .map(row => SHADES[Math.ceil((number(row, value) / peak) * (SHADES.length - 1))])
      .join('');
    const sum = cells.reduce((total, row) => total + number(row, value), 0);
    return `${name(line).padEnd(label)}  ${shades}  ${sum.toLocaleString('en').padStart(9)}`;
  });
  const best = number(most, value);
  const hour = String(number(most, across)).padStart(2, '0');
  const note =
    best === 0
      ? `no ${value} yet`
      : `most: ${best.toLocaleString('en')} ${value} on ${name(number(most, down))} at ${hour}`;
  return [`${' '.repeat(label)}  ${ticks}`, ...body, note].map(text => `${text}\n`).join('');
}
