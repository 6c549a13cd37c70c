// @ts-check
// A column chart of commits a period, drawn as SVG.

const WIDTH = 900;
const HEIGHT = 180;
const AXIS = 18;
const NAMESPACE = 'http://www.w3.org/2000/svg';

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 */
function svg(name, attributes) {
  const made = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

/**
 * Draws the columns into `figure`. Left and right arrow, or the pointer, choose one; `note` then says what it is.
 * @param {HTMLElement} figure
 * @param {HTMLElement} note
 * @param {{start: string, commits: number}[]} periods
 */
export function drawColumns(figure, note, periods) {
  const most = Math.max(1, ...periods.map(({ commits }) => commits));
  const step = WIDTH / Math.max(1, periods.length);
  const chart = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT + AXIS}`, 'aria-hidden': 'true' });
  chart.append(svg('line', { x1: 0, x2: WIDTH, y1: HEIGHT, y2: HEIGHT }));
  const columns = periods.map(({ commits }, index) => {
    const height = (commits / most) * (HEIGHT - AXIS);
    const x = index * step;
    return svg('rect', { x, y: HEIGHT - height, width: Math.max(step * 0.85, 0.5), height });
  });
  chart.append(...columns, ...yearLabels(periods, step));
  const scale = svg('text', { x: WIDTH, y: 11, 'text-anchor': 'end' });
  scale.textContent = `most in a week: ${most.toLocaleString()}`;
  chart.append(scale);
  figure.replaceChildren(chart);
  letChoose(figure, note, periods, columns);
}

/**
 * @param {{start: string}[]} periods
 * @param {number} step
 */
function yearLabels(periods, step) {
  const labels = [];
  let lastX = -100;
  for (const [index, { start }] of periods.entries()) {
    const begins = index === 0 || periods[index - 1]?.start.slice(0, 4) !== start.slice(0, 4);
    const x = index * step;
    if (!begins || x - lastX < 44 || x > WIDTH - 30) continue;
    const label = svg('text', { x, y: HEIGHT + 13 });
    label.textContent = start.slice(0, 4);
    labels.push(label);
    lastX = x;
  }
  return labels;
}

/**
 * @param {HTMLElement} figure
 * @param {HTMLElement} note
 * @param {{start: string, commits: number}[]} periods
 * @param {Element[]} columns
 */
function letChoose(figure, note, periods, columns) {
  let chosen = periods.length - 1;
  const choose = (/** @type {number} */ index) => {
    columns[chosen]?.classList.remove('chosen');
    chosen = Math.min(Math.max(0, index), periods.length - 1);
    columns[chosen]?.classList.add('chosen');
    const period = periods[chosen];
    note.textContent = period ? `Week of ${period.start}: ${period.commits.toLocaleString()} commits` : '';
    figure.setAttribute('aria-valuemax', String(periods.length - 1));
    figure.setAttribute('aria-valuenow', String(chosen));
    figure.setAttribute('aria-valuetext', note.textContent);
  };
  figure.onpointermove = event => {
    const box = figure.getBoundingClientRect();
    choose(Math.floor(((event.clientX - box.left) / box.width) * periods.length));
  };
  figure.onkeydown = event => {
    if (event.key === 'ArrowLeft') choose(chosen - 1);
    else if (event.key === 'ArrowRight') choose(chosen + 1);
    else return;
    event.preventDefault();
  };
  choose(chosen);
}
