// @ts-check
// Readings: which collectors run and how well, what waits, each file's way to its object, and what would give
// way on a full disk.

import { bytes, count, number, span } from '../../parts/words.ts';
import { ask, query } from '../parts/api.js';
import { diskPart } from '../parts/disk.js';
import { element, fill, link, panel, showFacts, state } from '../parts/dom.js';
import { filters } from '../parts/filters.js';
import { pager } from '../parts/pager.js';
import { table } from '../parts/table.js';
import { ago } from '../parts/times.js';

const SHOWN = 50;

/** @type {import('../opener.ts').Opener} */
export function open(root, params, refresh) {
  const facts = element('dl', { class: 'totals' });
  const waits = element('p', { class: 'note' });
  const collectors = collectorTable();
  const disk = diskPart();
  const pages = pager(refresh);
  const wanted = filters('#/capture', params, [{ name: 'collector', label: 'Collector' }], () => {
    pages.reset();
    refresh();
  });
  const files = fileTable();
  root.append(
    panel('Capture', facts, waits, collectors.element),
    panel('Files of readings', wanted.element, files.element, pages.element),
    disk.element,
  );
  return {
    async refresh() {
      const page = { ...wanted.values(), limit: SHOWN, cursor: pages.place() };
      const [capture, { files: found, next }] = await Promise.all([
        ask('/api/v1/capture'),
        ask(`/api/v1/capture/files${query(page)}`),
        disk.refresh(),
      ]);
      showTotals(facts, waits, capture);
      collectors.show(capture.collectors);
      files.show(found);
      pages.show(next, '');
    },
  };
}

/** @param {HTMLElement} facts @param {HTMLElement} waits @param {any} capture */
function showTotals(facts, waits, { enabled, collectors, lost, waiting }) {
  const readings = collectors.reduce(
    (/** @type {number} */ sum, /** @type {any} */ one) => sum + one.readings,
    0,
  );
  const missed = collectors.reduce(
    (/** @type {number} */ sum, /** @type {any} */ one) => sum + one.missed,
    0,
  );
  showFacts(facts, [
    ['readings since the start', number(readings)],
    ['ticks missed', number(missed)],
    ['files waiting to be delivered', number(waiting.files)],
    ['readings lost on a full disk', number(lost.readings + lost.unwritten)],
  ]);
  const oldest = ago(waiting.oldestAt);
  fill(
    waits,
    waiting.oldestAt === null
      ? [enabled ? 'No file waits.' : 'Capture is off.']
      : [`${bytes(waiting.bytes)} wait, the oldest file since `, oldest, '.'],
  );
}

function collectorTable() {
  const made = table({
    caption: 'Collectors',
    keyOf: (/** @type {any} */ { name }) => name,
    empty: element(
      'span',
      {},
      'Nothing is captured. List collectors in sluice.yaml, such as ',
      element(
        'code',
        {},
        'capture: {collectors: [{name: load, every: 1s, exec: [cat, /proc/loadavg], format: text, to: s3://local/outbox/readings}]}',
      ),
      '.',
    ),
    columns: [
      { title: 'Collector', kind: 'main', cell: nameOf },
      { title: 'Every', cell: paceOf },
      { title: 'Readings', kind: 'number', cell: readingsOf },
      { title: 'Missed', kind: 'number', cell: missedOf },
      { title: 'Last reading', cell: ({ lastReadingAt }) => ago(lastReadingAt) },
      {
        title: 'In progress',
        cell: ({ progress }) => `${number(progress.readings)} in ${bytes(progress.bytes)}`,
      },
      { title: 'Files', kind: 'number', cell: filesOf },
    ],
  });
  made.element.id = 'collectors';
  return made;
}

/** @param {any} collector */
function nameOf(collector) {
  const { name, method, disabled, lastError, errors } = collector;
  const word = disabled
    ? state('rests', '')
    : isFailing(collector)
      ? state('failing', 'bad')
      : state('runs', 'good');
  const trouble = lastError
    ? element(
        'div',
        { class: isFailing(collector) ? 'error' : 'quiet' },
        `${count(errors, 'error')}, the last `,
        ago(lastError.failedAt),
        `: ${lastError.message}`,
      )
    : null;
  return element('div', {}, element('span', { class: 'name' }, name), ` ${method} `, word, trouble);
}

/** @param {any} collector */
function paceOf({ everyMs, perSecond }) {
  const every = everyMs === null ? 'each message' : span(everyMs);
  return element('div', {}, every, element('div', { class: 'quiet' }, `${number(perSecond)}/s`));
}

/** @param {any} collector */
function readingsOf({ readings, filtered, unwritten, lost }) {
  const waits = unwritten > 0 ? state(`${number(unwritten)} wait for the disk`, 'warn') : null;
  const gone = lost > 0 ? state(`${number(lost)} lost`, 'bad') : null;
  const out = filtered > 0 ? element('div', { class: 'quiet' }, `${number(filtered)} filtered out`) : null;
  return element('div', {}, number(readings), out, waits, gone);
}

/** @param {any} collector */
function missedOf({ missed, latestByMs }) {
  const late =
    latestByMs === null ? null : element('div', { class: 'quiet' }, `${span(latestByMs)} late at most`);
  return element('div', {}, missed > 0 ? state(number(missed), 'warn') : '0', late);
}

/** @param {any} collector */
function filesOf({ kept }) {
  if (!kept) return 'none';
  const lost = kept.lost > 0 ? state(`${number(kept.lost)} lost`, 'bad') : null;
  return element(
    'div',
    {},
    `${number(kept.files)}, ${bytes(kept.bytes)}`,
    element('div', { class: 'quiet' }, `${number(kept.delivered)} delivered `, lost),
  );
}

function fileTable() {
  const made = table({
    caption: 'Files of readings, newest first: collector, file, object',
    keyOf: (/** @type {any} */ { id }) => String(id),
    empty: 'No file is complete yet: one is at 256 KiB, at its largest age, or before a sync.',
    columns: [
      { title: 'Collector', kind: 'main', cell: ({ collector }) => collector },
      { title: 'Completed', cell: completed },
      { title: 'File', cell: ({ filepath }) => filepath },
      { title: 'Readings', kind: 'number', cell: sizeOf },
      { title: 'Object', cell: objectOf },
    ],
  });
  made.element.id = 'files';
  return made;
}

/** @type {Readonly<Record<string, string>>} */
const REASONS = {
  size: 'it was full',
  age: 'it was old enough',
  sync: 'before a sync',
  stop: 'the collector stopped',
  binary: 'a reading of its own',
  recovered: 'recovered after a crash',
};

/** @param {any} file */
function completed({ completedAt, reason }) {
  return element('div', {}, ago(completedAt), element('div', { class: 'quiet' }, REASONS[reason] ?? reason));
}

/** @param {any} file */
function sizeOf({ readings, bytes: size }) {
  return element('div', {}, number(readings), element('div', { class: 'quiet' }, bytes(size)));
}

/** @param {any} file */
function objectOf({ profile, bucket, objectKey, state: word, deliveredAt, lostAt, recordId }) {
  if (lostAt !== null) return element('div', {}, state('lost', 'bad'), ' ', ago(lostAt));
  const delivery = recordId === null ? null : link(`#/deliveries?id=${recordId}`, 'its delivery');
  if (deliveredAt === null)
    return element('div', {}, state(word ?? 'not taken up yet', 'busy'), ' ', delivery);
  return element(
    'div',
    {},
    `s3://${profile}/${bucket}/${objectKey}`,
    element('div', { class: 'quiet' }, 'delivered ', ago(deliveredAt), ', ', delivery),
  );
}

/** Its last try was an error. @param {any} collector */
function isFailing({ lastError, lastReadingAt }) {
  return lastError !== null && lastError.failedAt > (lastReadingAt ?? '');
}
