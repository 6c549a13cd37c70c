// @ts-check
// Times that go on by themselves: "4m ago", "in 12s". One clock ticks for all of them.

import { age, moment, span } from '../../parts/words.ts';
import { element } from './dom.js';

const TICK_MS = 1000;

/** How long ago. @param {string | number | null | undefined} at ISO 8601, or milliseconds since the epoch */
export function ago(at) {
  return timeElement(at, 'ago');
}

/** How long until then; `due` once it is past. @param {string | number | null | undefined} at */
export function until(at) {
  return timeElement(at, 'until');
}

/** How long since. @param {string | number | null | undefined} at */
export function since(at) {
  return timeElement(at, 'since');
}

/**
 * @param {string | number | null | undefined} at
 * @param {'ago' | 'until' | 'since'} kind
 */
function timeElement(at, kind) {
  if (at === null || at === undefined) return element('span', {}, '–');
  const iso = typeof at === 'number' ? new Date(at).toISOString() : at;
  const made = element('time', { datetime: iso, title: moment(iso), 'data-kind': kind });
  tick(made);
  return made;
}

/** @param {Element} time */
function tick(time) {
  const ms = Date.parse(time.getAttribute('datetime') ?? '') - Date.now();
  const kind = time.getAttribute('data-kind');
  const text = kind === 'until' ? inWords(ms) : age(-ms) + (kind === 'ago' ? ' ago' : '');
  if (time.textContent !== text) time.textContent = text;
}

/** @param {number} ms */
function inWords(ms) {
  return ms > 0 ? `in ${whole(ms)}` : 'due';
}

/** Whole seconds: tenths that change would only flicker. @param {number} ms */
function whole(ms) {
  return ms < 60_000 ? `${Math.max(0, Math.round(ms / 1000))}s` : span(ms);
}

setInterval(() => {
  for (const time of document.querySelectorAll('time[data-kind]')) tick(time);
}, TICK_MS);
