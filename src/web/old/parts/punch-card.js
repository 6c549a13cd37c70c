// @ts-check
// Commits by weekday and hour: a square an hour, the darker the more.
import { svg } from './chart.js';

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const LABEL_REM = 2.6;
const ROW_REM = 1.25;
const LABELLED_HOURS = [0, 6, 12, 18];
/** The palest square with a commit: it must still differ visibly from an empty one. */
const PALEST = 0.15;

/**
 * @typedef {{weekday: number, hour: number, commits: number}} Hour
 */

/**
 * Shows a week in `figure`, redrawn when its width changes; `note` says which hour has most.
 * @param {HTMLElement} figure
 * @param {HTMLElement} note
 */
export function punchCard(figure, note) {
  /** @type {Hour[]} */
  let hours = [];
  const draw = () => figure.replaceChildren(drawing(hours, figure.clientWidth));
  new ResizeObserver(draw).observe(figure);
  return {
    /** @param {Hour[]} newHours all 168, Monday first */
    show(newHours) {
      hours = newHours;
      note.textContent = inWords(hours);
      figure.setAttribute('aria-label', note.textContent);
      draw();
    },
  };
}

/** @param {Hour[]} hours */
function inWords(hours) {
  const [most] = [...hours].sort((one, other) => other.commits - one.commits);
  if (!most || most.commits === 0) return 'No commits.';
  const all = hours.reduce((sum, { commits }) => sum + commits, 0);
  const late = hours
    .filter(({ weekday, hour }) => weekday > 5 || hour < 7 || hour > 19)
    .reduce((sum, { commits }) => sum + commits, 0);
  const share = Math.round((late / all) * 100);
  const when = `${DAYS[most.weekday - 1]} ${most.hour} to ${most.hour + 1} o’clock`;
  return `Most on ${when}: ${most.commits.toLocaleString()}. At night and at weekends: ${share} %.`;
}

/**
 * @param {Hour[]} hours
 * @param {number} width
 */
function drawing(hours, width) {
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  const left = LABEL_REM * rem;
  const row = ROW_REM * rem;
  const step = Math.max(1, (width - left) / 24);
  const chart = svg('svg', { width, height: row * 8, 'aria-hidden': 'true' });
  const most = Math.max(1, ...hours.map(({ commits }) => commits));
  for (const { weekday, hour, commits } of hours) {
    const opacity = commits === 0 ? 0 : PALEST + (1 - PALEST) * (commits / most);
    const at = { x: left + hour * step, y: (weekday - 1) * row };
    const square = svg('rect', { ...at, width: step - 1, height: row - 1, opacity });
    square.append(svg('title', {}, `${DAYS[weekday - 1]} ${hour}:00: ${commits.toLocaleString()}`));
    chart.append(square);
  }
  for (const [index, day] of DAYS.entries()) {
    chart.append(svg('text', { x: left - rem / 2, y: (index + 0.7) * row, 'text-anchor': 'end' }, day));
  }
  for (const hour of LABELLED_HOURS) {
    chart.append(svg('text', { x: left + hour * step, y: 7.8 * row }, `${hour}:00`));
  }
  return chart;
}
