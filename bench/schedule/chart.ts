export interface Series {
  readonly name: string;
  /** How many are followed, and the mean delay in milliseconds. */
  readonly points: [number, number][];
}

const WIDTH = 640;
const HEIGHT = 360;
const LEFT = 70;
const BOTTOM = 50;
const TOP = 20;
const RIGHT = 90;
const COLOURS: Readonly<Record<string, string>> = {
  fixed: '#8a8a8a',
  linear: '#c05621',
  adaptive: '#2b6cb0',
};
const TICKS: readonly [number, string][] = [
  [60_000, '1 min'],
  [600_000, '10 min'],
  [3_600_000, '1 h'],
  [36_000_000, '10 h'],
  [360_000_000, '100 h'],
];

/** Mean delay over the number of followed changesets, both axes logarithmic, as SVG. */
export function drawChart(series: readonly Series[]): string {
  const all = series.flatMap(({ points }) => points);
  const [lowX, highX] = range(all.map(([size]) => size));
  const [lowY, highY] = range([...all.map(([, delay]) => delay)]);
  const x = (size: number): number => LEFT + (log(size / lowX) / log(highX / lowX)) * (WIDTH - LEFT - RIGHT);
  const y = (delay: number): number =>
    HEIGHT - BOTTOM - (log(delay / lowY) / log(highY / lowY)) * (HEIGHT - BOTTOM - TOP);
  const lines = series.map(({ name, points }) => {
    const colour = COLOURS[name] ?? '#000';
    const path = points.map(([size, delay]) => `${x(size).toFixed(1)},${y(delay).toFixed(1)}`).join(' ');
    const [lastX, lastY] = points.at(-1) ?? [lowX, lowY];
    return (
      `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${path}"/>` +
      `<text x="${x(lastX) + 6}" y="${y(lastY) + 4}" fill="${colour}">${name}</text>`
    );
  });
  const ticksY = TICKS.filter(([delay]) => delay >= lowY && delay <= highY).map(
    ([delay, text]) =>
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(delay)}" y2="${y(delay)}" stroke="#ddd"/>` +
      `<text x="${LEFT - 6}" y="${y(delay) + 4}" text-anchor="end">${text}</text>`,
  );
  const ticksX = [...new Set(all.map(([size]) => size))].map(
    size =>
      `<text x="${x(size)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${size.toLocaleString('en')}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="11">
<title>Mean delay until a change is seen, by number of changesets followed</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
${[...ticksY, ...ticksX, ...lines].join('\n')}
<text x="${(WIDTH - RIGHT + LEFT) / 2}" y="${HEIGHT - 8}" text-anchor="middle">changesets followed with one budget of calls</text>
<text transform="translate(14 ${HEIGHT / 2}) rotate(-90)" text-anchor="middle">mean delay until a change is seen</text>
</svg>
`;
}

function range(values: readonly number[]): [number, number] {
  return [Math.min(...values) / 1.2, Math.max(...values) * 1.2];
}

function log(value: number): number {
  return Math.log(value);
}
