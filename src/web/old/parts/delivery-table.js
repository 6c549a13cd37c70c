// @ts-check
// Files with what happened to each: attempts are asked for when they are opened.

import { bytes, count, span } from '../../parts/words.ts';
import { button } from './act.js';
import { ask } from './api.js';
import { element, fill, state } from './dom.js';
import { table } from './table.js';
import { ago, until } from './times.js';

/**
 * @param {(selection: Record<string, unknown>) => Promise<string>} retry
 * @param {boolean} [opened] with the attempts shown
 */
export function deliveryTable(retry, opened = false) {
  /** Those whose attempts are shown: they stay so when the row changes. @type {Set<number>} */
  const shown = new Set();
  const made = table({
    caption: 'Files, newest first',
    keyOf: (/** @type {any} */ { id }) => String(id),
    empty: 'No file fits. What is put into incoming/PROFILE/BUCKET/ of the station’s folder is delivered.',
    columns: [
      {
        title: 'File',
        kind: 'main',
        cell: record => element('div', {}, fileOf(record), attemptsOf(record, shown, opened)),
      },
      { title: 'Size', kind: 'number', cell: ({ bytes: size }) => bytes(size) },
      { title: 'State', cell: stateOf },
      { title: 'Next try', cell: nextOf },
      { title: 'Changed', cell: ({ updatedAt }) => ago(updatedAt) },
      {
        title: 'Act',
        kind: 'act',
        cell: ({ id, state: word, present, filepath }) =>
          word === 'failed' && present
            ? button('Retry', () => retry({ ids: [id] }), { about: filepath, kind: 'small' })
            : null,
      },
    ],
  });
  made.element.id = 'deliveries';
  return made;
}

/** @param {any} record */
function fileOf({ profile, bucket, filepath, lastError, state: word }) {
  const trouble =
    lastError && word !== 'completed'
      ? element(
          'div',
          { class: word === 'failed' ? 'error' : 'quiet' },
          `${lastError.code}: ${lastError.message}`,
        )
      : null;
  return element('div', {}, element('span', { class: 'quiet' }, `${profile}/${bucket}/`), filepath, trouble);
}

/** @type {Readonly<Record<string, readonly [string, string]>>} */
const STATES = {
  incoming_tmp: ['arriving', 'busy'],
  incoming: ['incoming', 'busy'],
  processing: ['processing', 'busy'],
  completed: ['delivered', 'good'],
  failed: ['failed', 'bad'],
};

/** @param {any} record */
function stateOf({ state: word, present }) {
  const [text, kind] = STATES[word] ?? [word, ''];
  const gone = present
    ? null
    : element('span', { class: 'quiet' }, word === 'completed' ? ', not kept' : ', file gone');
  return element('span', {}, state(text, kind), gone);
}

/** @param {any} record */
function nextOf({ nextAttemptAt, hold, state: word, present }) {
  if (hold === 'empty') return 'once it has content';
  if (hold === 'bucket') return 'once its bucket is there';
  if (nextAttemptAt !== null) return until(nextAttemptAt);
  return element('span', { class: 'quiet' }, word === 'failed' && present ? 'when asked for' : '–');
}

/** @param {any} record @param {Set<number>} shown @param {boolean} opened */
function attemptsOf({ id, attempts }, shown, opened) {
  if (attempts === 0) return null;
  const list = element('ol', { class: 'attempts' });
  const details = /** @type {HTMLDetailsElement} */ (
    element('details', {}, element('summary', {}, count(attempts, 'attempt')), list)
  );
  details.addEventListener('toggle', async () => {
    if (details.open) shown.add(id);
    else shown.delete(id);
    if (!details.open) return;
    try {
      const { attemptHistory } = await ask(`/api/v1/deliveries/${id}`);
      fill(list, attemptHistory.map(attemptOf));
    } catch (error) {
      fill(list, [element('li', { class: 'error' }, /** @type {Error} */ (error).message)]);
    }
  });
  details.open = opened || shown.has(id);
  return details;
}

/** @param {any} attempt */
function attemptOf({ startedAt, finishedAt, outcome, errorCode, errorMessage }) {
  const took = span(Date.parse(finishedAt) - Date.parse(startedAt));
  const word = outcome === 'success' ? state('delivered', 'good') : state(errorCode ?? 'failed', 'bad');
  return element(
    'li',
    {},
    ago(startedAt),
    ' ',
    word,
    ` in ${took}`,
    errorMessage ? `: ${errorMessage}` : null,
  );
}
