// @ts-check
// A column chart of commits a period, drawn as SVG at the size it is shown in, so that its text stays readable.

const HEIGHT = 180;
/** In the reader's own text size: room for the figures of the scale, for half a line above the columns, for the dates below. */
const LEFT_REM = 2.6;
const TOP_REM = 0.5;
const BOTTOM_REM = 1.2;
/** Narrowest distance between two dates. */
const LABEL_REM = 2.8;
const NAMESPACE = 'http://www.w3.org/2000/svg';
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 * @typedef {{start: string, commits: number}} Column
 * @typedef {'week' | 'month'} Period
 */

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 * @param {string} [text]
 */
export function svg(name, attributes, text) {
  const made = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  if (text !== undefined) made.textContent = text;
  return made;
}

/**
 * Shows columns in `figure`, redrawn when its width changes. Arrow keys, Page Up and Down, Home, End and the
 * pointer choose one; `note` then says what it is.
 * @param {HTMLElement} figure
 * @param {HTMLElement} note
 * @param {(column: any, by: Period) => string} [words] what the note says of a column
 */
export function columnChart(figure, note, words = inWords) {
  /** @type {Column[]} */
  let columns = [];
  /** @type {Period} */
  let by = 'week';
  let chosen = -1;
  /** @type {Element[]} */
  let drawn = [];

  const choose = (/** @type {number} */ index) => {
    drawn[chosen]?.classList.remove('chosen');
    chosen = Math.min(Math.max(0, index), columns.length - 1);
    drawn[chosen]?.classList.add('chosen');
    const column = columns[chosen];
    note.textContent = column ? words(column, by) : '';
    figure.setAttribute('aria-label', by === 'week' ? 'Week' : 'Month');
    figure.setAttribute('aria-valuemax', String(Math.max(0, columns.length - 1)));
    figure.setAttribute('aria-valuenow', String(Math.max(0, chosen)));
    figure.setAttribute('aria-valuetext', note.textContent);
  };
  const draw = () => {
    const picture = drawing(columns, by, figure.clientWidth);
    drawn = picture.bars;
    figure.replaceChildren(picture.chart);
    choose(chosen);
  };
  figure.addEventListener('pointermove', event => {
    const box = figure.getBoundingClientRect();
    const left = LEFT_REM * remPx();
    const share = (event.clientX - box.left - left) / Math.max(1, box.width - left);
    if (columns.length > 0) choose(Math.floor(share * columns.length));
  });
  figure.addEventListener('keydown', event => {
    const index = afterKey(event.key, chosen, columns.length);
    if (index === undefined) return;
    choose(index);
    event.preventDefault();
  });
  new ResizeObserver(draw).observe(figure);

  return {
    /**
     * @param {Column[]} newColumns oldest first
     * @param {Period} newBy
     */
    show(newColumns, newBy) {
      columns = newColumns;
      by = newBy;
      chosen = columns.length - 1;
      draw();
    },
  };
}

/**
 * @param {string} key
 * @param {number} chosen
 * @param {number} count
 */
function afterKey(key, chosen, count) {
  if (key === 'ArrowLeft' || key === 'ArrowDown') return chosen - 1;
  if (key === 'ArrowRight' || key === 'ArrowUp') return chosen + 1;
  if (key === 'PageDown') return chosen - 10;
  if (key === 'PageUp') return chosen + 10;
  if (key === 'Home') return 0;
  if (key === 'End') return count - 1;
  return undefined;
}

/** `Mar 2024`. @param {string} start a day of the month, ISO 8601 */
export function monthName(start) {
  return `${MONTHS[Number(start.slice(5, 7)) - 1]} ${start.slice(0, 4)}`;
}

/**
 * @param {Column} column
 * @param {Period} by
 */
function inWords({ start, commits }, by) {
  const when = by === 'week' ? `Week of ${start}` : monthName(start);
  return `${when}: ${commits.toLocaleString()} ${commits === 1 ? 'commit' : 'commits'}`;
}

/**
 * @param {Column[]} columns
 * @param {Period} by
 * @param {number} width
 */
function drawing(columns, by, width) {
  const rem = remPx();
  const left = LEFT_REM * rem;
  const ground = TOP_REM * rem + HEIGHT;
  const chart = svg('svg', { width, height: ground + BOTTOM_REM * rem, 'aria-hidden': 'true' });
  const top = niceTop(Math.max(...columns.map(({ commits }) => commits), 0));
  for (const share of [0, 0.5, 1]) {
    const y = Math.round(ground - HEIGHT * share) + 0.5;
    chart.append(svg('line', { x1: left, x2: width, y1: y, y2: y }));
    const at = { x: left - rem / 2, y: y + rem / 4, 'text-anchor': 'end' };
    const figure = svg('text', at, short(top * share));
    chart.append(figure);
  }
  const step = (width - left) / Math.max(1, columns.length);
  // Columns that are two pixels apart look grey: below that they touch.
  const barWidth = step > 4 ? Math.min(step - 1, 28) : Math.max(step, 0.5);
  const bars = columns.map(({ commits }, index) => {
    const height = (commits / top) * HEIGHT;
    return svg('rect', { x: left + index * step, y: ground - height, width: barWidth, height });
  });
  chart.append(...bars, ...dates(columns, by, { left, ground, step, width, rem }));
  return { chart, bars };
}

/** The reader's text size. */
function remPx() {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
}

/** The next even 1, 2 or 5 times a power of ten, so that half of it is a figure people read easily. @param {number} most */
function niceTop(most) {
  if (most <= 2) return 2;
  const power = 10 ** Math.floor(Math.log10(most));
  return (
    [1, 2, 3, 4, 5, 6, 8, 10].map(factor => factor * power).find(top => top >= most && top % 2 === 0) ?? most
  );
}

/** @param {number} value */
function short(value) {
  return value >= 10_000 ? `${value / 1000}k` : value.toLocaleString();
}

/**
 * Years where there are several, months otherwise.
 * @param {Column[]} columns
 * @param {Period} by
 * @param {{left: number, ground: number, step: number, width: number, rem: number}} sizes
 */
function dates(columns, by, { left, ground, step, width, rem }) {
  const isLong = columns.length > (by === 'week' ? 100 : 24);
  const labels = [];
  let lastX = Number.NEGATIVE_INFINITY;
  for (const [index, { start }] of columns.entries()) {
    const previous = columns[index - 1]?.start;
    const cut = isLong ? 4 : 7;
    const begins = previous === undefined || previous.slice(0, cut) !== start.slice(0, cut);
    const x = left + index * step;
    if (!begins || x - lastX < LABEL_REM * rem || x > width - 2 * rem) continue;
    // What the first column cuts off the front of its year or month says nothing of where that begins.
    if (index === 0 && isLong && start.slice(5, 7) !== '01') continue;
    const month = MONTHS[Number(start.slice(5, 7)) - 1] ?? '';
    const text = isLong || month === 'Jan' ? start.slice(0, 4) : month;
    labels.push(svg('text', { x, y: ground + 0.9 * rem }, text));
    lastX = x;
  }
  return labels;
}
