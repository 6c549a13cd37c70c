// @ts-check
// The next day in half hours: how much falls due in each.

import { number } from '../../parts/words.ts';
import { svg } from './chart.js';
import { element } from './dom.js';

const HEIGHT = 56;
const LABELLED_HOURS = [0, 6, 12, 18];

export function timeline() {
  const figure = element('div', { class: 'chart timeline', role: 'img' });
  const note = element('p', { class: 'note' });
  /** @type {number[]} */
  let counts = [];
  const draw = () => figure.replaceChildren(drawing(counts, figure.clientWidth));
  new ResizeObserver(draw).observe(figure);
  return {
    element: element('div', {}, figure, note),
    /** @param {number[]} halfHours */
    show(halfHours) {
      if (halfHours.join() === counts.join()) return;
      counts = halfHours;
      const all = counts.reduce((sum, one) => sum + one, 0);
      const hour = (counts[0] ?? 0) + (counts[1] ?? 0);
      note.textContent = `${number(hour)} in the next hour, ${number(all)} in the next day, by half hours.`;
      figure.setAttribute('aria-label', note.textContent);
      draw();
    },
  };
}

/** @param {number[]} counts @param {number} width */
function drawing(counts, width) {
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  const chart = svg('svg', { width, height: HEIGHT + 1.2 * rem, 'aria-hidden': 'true' });
  const most = Math.max(1, ...counts);
  const step = width / Math.max(1, counts.length);
  chart.append(svg('line', { x1: 0, x2: width, y1: HEIGHT + 0.5, y2: HEIGHT + 0.5 }));
  for (const [at, value] of counts.entries()) {
    const height = value === 0 ? 0 : Math.max(2, (value / most) * HEIGHT);
    const bar = svg('rect', { x: at * step, y: HEIGHT - height, width: Math.max(1, step - 1), height });
    bar.append(svg('title', {}, `in ${at / 2} to ${(at + 1) / 2} hours: ${number(value)}`));
    chart.append(bar);
  }
  for (const hour of LABELLED_HOURS) {
    const text = hour === 0 ? 'now' : `in ${hour} h`;
    chart.append(svg('text', { x: hour * 2 * step, y: HEIGHT + 0.9 * rem }, text));
  }
  return chart;
}
