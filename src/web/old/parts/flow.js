// @ts-check
// Gather, keep, deliver: the station as one picture, with what each side does and what holds it up.

import { bytes, count, number, percent, span } from '../../parts/words.ts';
import { element, fill, link, state } from './dom.js';
import { ago, since } from './times.js';

/** Rates are shown over so long, while the page is open. */
const RATE_MS = 60_000;
/** In less time one file would look like many a minute. */
const LEAST_MS = 10_000;
/** The oldest file may wait for so long before it counts as late. */
const LATE_MS = 180_000;

/** @typedef {[string, Node | string]} Line */

export function flowPicture() {
  const [gather, keep, deliver] = ['Gather', 'Keep', 'Deliver'].map(title => {
    const lines = element('dl', { class: 'lines' });
    const heading = element('h2', { id: `flow-${title.toLowerCase()}` }, title);
    const box = element('section', { class: 'panel', 'aria-labelledby': heading.id }, heading, lines);
    return { box, lines };
  });
  if (!gather || !keep || !deliver) throw new Error('three boxes are made above');
  const commits = rate();
  const delivered = rate();
  const readings = rate();
  const arrow = () => element('span', { class: 'arrow', 'aria-hidden': 'true' });
  return {
    element: element('div', { class: 'flow' }, gather.box, arrow(), keep.box, arrow(), deliver.box),
    /** @param {any} status @param {any} capture @param {any} plan of the disk */
    show(status, capture, plan) {
      const { repos, changesets, schedule, deliveries } = status;
      commits.see(repos.commits);
      delivered.see(deliveries.completed);
      readings.see(sum(capture.collectors, 'readings'));
      show(gather.lines, [
        ['Repositories', repositoryWords(repos, commits.words('commit'))],
        ['Changesets', changesetWords(changesets)],
        ['Capture', captureWords(capture, readings.words('reading'))],
        ['Schedule', scheduleWords(schedule)],
      ]);
      show(keep.lines, keepLines(status, plan));
      show(deliver.lines, deliverLines(status, capture, delivered.words('file')));
    },
  };
}

/** @param {HTMLElement} list @param {Line[]} lines */
function show(list, lines) {
  const made = lines.map(([name, value]) =>
    element('div', {}, element('dt', {}, name), element('dd', {}, value)),
  );
  // Left alone while nothing but the clock goes on: whoever reads or tabs through it is not disturbed.
  if (list.textContent !== made.map(({ textContent }) => textContent).join('')) fill(list, made);
}

/** @param {any} repos @param {string} speed */
function repositoryWords({ known, tracked, failing, baking, commits }, speed) {
  const words = `${number(tracked)} of ${number(known)} kept fresh, ${number(commits)} commits${speed}`;
  return element(
    'span',
    {},
    link('#/repositories', words),
    baking.length > 0 ? state(` ${baking.length}\u00a0baking`, 'busy') : null,
    failing > 0
      ? link('#/repositories?show=failing', ` ${number(failing)}\u00a0failing`, { class: 'state bad' })
      : null,
  );
}

/** @param {any} changesets */
function changesetWords({ followed, failing, hosts }) {
  if (followed === 0) return link('#/changesets', 'none followed');
  const held = hosts.filter((/** @type {any} */ host) => host.state !== 'ok');
  const stretched = hosts.filter((/** @type {any} */ { stretch }) => stretch > 1);
  return element(
    'span',
    {},
    link('#/changesets', `${number(followed)} followed`),
    failing > 0
      ? link('#/changesets?failing=true', ` ${number(failing)}\u00a0failing`, { class: 'state bad' })
      : null,
    ...held.map((/** @type {any} */ { host, state: word }) => state(` ${host} ${word}`, 'bad')),
    ...stretched.map((/** @type {any} */ { host, stretch }) =>
      state(` ${host} stretched ×${stretch}`, 'warn'),
    ),
  );
}

/** @param {any} capture @param {string} speed */
function captureWords({ enabled, collectors }, speed) {
  if (!enabled) return link('#/capture', 'nothing is captured');
  const running = collectors.filter((/** @type {any} */ { disabled }) => !disabled);
  const missed = sum(collectors, 'missed');
  const failing = running.filter((/** @type {any} */ one) => isFailing(one)).length;
  return element(
    'span',
    {},
    link('#/capture', `${count(running.length, 'collector')}${speed}`),
    missed > 0 ? state(` ${count(missed, 'tick')} missed`, 'warn') : null,
    failing > 0 ? state(` ${number(failing)}\u00a0failing`, 'bad') : null,
  );
}

/** Its last try was an error. @param {any} collector */
export function isFailing({ lastError, lastReadingAt }) {
  return lastError !== null && lastError.failedAt > (lastReadingAt ?? '');
}

/** @param {any} schedule */
function scheduleWords({ size, due, behindMs, running }) {
  const words = `${number(size)} planned, ${number(running)} running`;
  const late = `${number(due)} due, behind ${span(behindMs)}`;
  return element('span', {}, link('#/schedule', words), due > 0 ? state(` ${late}`, 'warn') : null);
}

/** @param {any} status @param {any} plan @returns {Line[]} */
function keepLines({ disk, cache }, { usedShare, full, losesReadings }) {
  const bar = element('progress', {
    class: 'full',
    max: '1',
    value: String(usedShare),
    'aria-label': 'Disk used',
  });
  const limit = cache.maxBytes === null ? '' : ` of ${bytes(cache.maxBytes)}`;
  const budget = losesReadings
    ? state('full: readings will be lost', 'bad')
    : state('full: something gives way', 'warn');
  const reserve = disk.freeBytes < cache.minFreeBytes ? 'bad' : '';
  return [
    ['Disk', element('span', {}, `${percent(usedShare)} used, ${bytes(disk.freeBytes)} free`, bar)],
    ['Budget', full ? budget : link('#/capture', 'nothing has to give way')],
    ['Clones', `${count(cache.clones, 'clone')}, ${bytes(cache.usedBytes)}${limit}`],
    ['No new clone below', state(`${bytes(cache.minFreeBytes)} free`, reserve)],
  ];
}

/** @param {any} status @param {any} capture @param {string} speed @returns {Line[]} */
function deliverLines({ deliveries, links }, { waiting }, speed) {
  const { incoming, processing, completed, failed, uploading } = deliveries;
  const isLate = waiting.oldestAt !== null && Date.now() - Date.parse(waiting.oldestAt) > LATE_MS;
  const oldest = element(
    'span',
    { class: isLate ? 'state warn' : '' },
    ', the oldest ',
    ago(waiting.oldestAt),
  );
  return [
    ['Delivered', link('#/deliveries?state=completed', `${count(completed, 'file')}${speed}`)],
    [
      'On their way',
      element(
        'span',
        {},
        link(
          '#/deliveries?state=waiting',
          `${number(incoming + processing)}, ${number(uploading)} uploading`,
        ),
        waiting.oldestAt === null ? null : oldest,
      ),
    ],
    [
      'Failed',
      failed > 0 ? link('#/deliveries?state=failed', count(failed, 'file'), { class: 'state bad' }) : 'none',
    ],
    ['Links', links.length === 0 ? 'none used yet' : element('span', {}, ...links.map(linkWords))],
  ];
}

/** @param {any} link */
function linkWords({ endpoint, state: word, sinceAt }) {
  const kind = word === 'online' ? 'good' : word === 'unknown' ? '' : 'bad';
  return element(
    'div',
    {},
    state(word, kind),
    ' ',
    endpoint.replace(/^https?:\/\//, ''),
    ' ',
    element('span', { class: 'quiet' }, since(sinceAt)),
  );
}

/** @param {any[]} items @param {string} key */
function sum(items, key) {
  return items.reduce((total, item) => total + item[key], 0);
}

/** How fast a figure grows, by what was seen of it lately. */
function rate() {
  /** @type {{atMs: number, value: number}[]} */
  let seen = [];
  return {
    /** @param {number} value */
    see(value) {
      const atMs = Date.now();
      seen = [...seen.filter(one => atMs - one.atMs <= RATE_MS), { atMs, value }];
    },
    /** @param {string} unit */
    words(unit) {
      const [first] = seen;
      const last = seen.at(-1);
      if (!first || !last || last.atMs - first.atMs < LEAST_MS || last.value <= first.value) return '';
      const perMinute = ((last.value - first.value) / (last.atMs - first.atMs)) * 60_000;
      return `, ${count(Math.max(1, Math.round(perMinute)), unit)} a minute`;
    },
  };
}
