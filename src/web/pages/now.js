// @ts-check
// Is everything flowing, what is stuck and why, what happens next: gather, keep, deliver at a glance.
import { ask } from '../parts/api.js';
import { bakeForm } from '../parts/bake.js';
import { element, link, panel, state } from '../parts/dom.js';
import { flowPicture } from '../parts/flow.js';
import { keyedRows } from '../parts/rows.js';
import { table } from '../parts/table.js';
import { ago, until } from '../parts/times.js';
import { troubleTable } from '../parts/troubles.js';
import { number, shortUrl, span } from '../parts/words.js';

const NEXT_SHOWN = 6;
const RUNS_SHOWN = 8;

/** @type {import('../app.js').Opener} */
export function open(root) {
  const flow = flowPicture();
  const troubles = troubleTable();
  const list = element('ul', { id: 'now', class: 'plain' });
  const showNext = keyedRows(list, (/** @type {any} */ { key }) => key, nextRow);
  const nothing = element(
    'p',
    { class: 'empty' },
    'Nothing runs and nothing is planned. Bake a repository below, or list what to keep fresh in sluice.yaml.',
  );
  const runs = runTable();
  const recent = panel('Recent bakes', runs.element);
  root.append(
    flow.element,
    panel('Stuck, and why', troubles.element),
    panel('Running now, and next', list, nothing, link('#/schedule', 'The whole schedule')),
    panel('Bake a repository', bakeForm()),
    recent,
  );
  return {
    async refresh(asked) {
      const [status, capture, { plan }, { troubles: found }, { runs: latest }] = await Promise.all([
        asked,
        ask('/api/v1/capture'),
        ask('/api/v1/disk?limit=1'),
        ask('/api/v1/troubles'),
        ask(`/api/v1/runs?limit=${RUNS_SHOWN}`),
      ]);
      const rows = rowsOf(status);
      nothing.hidden = rows.length > 0;
      showNext(rows);
      flow.show(status, capture, plan);
      troubles.show(found);
      recent.hidden = latest.length === 0;
      runs.show(latest);
    },
  };
}

/** @param {any} status */
function rowsOf({ repos, schedule }) {
  const baking = repos.baking.map((/** @type {any} */ { url, progress, phase }) => ({
    ...{ key: `now ${url}`, at: null, target: url, reason: progress || phase },
  }));
  const next = schedule.next
    .slice(0, NEXT_SHOWN)
    .map((/** @type {any} */ item) => ({ key: `next ${item.target}`, ...item }));
  return [...baking, ...next];
}

/** @param {any} item */
function nextRow({ at, target, reason }) {
  return element(
    'li',
    {},
    element('span', { class: 'when' }, at === null ? state('now', 'busy') : until(at)),
    element('span', { class: 'what' }, shortUrl(target)),
    element('span', { class: 'quiet' }, reason),
  );
}

/** @type {Readonly<Record<string, string>>} */
const KINDS = { done: 'good', failed: 'bad', running: 'busy', waiting: 'busy' };

function runTable() {
  const made = table({
    caption: 'Recent bakes',
    keyOf: (/** @type {any} */ { id }) => String(id),
    empty: '',
    columns: [
      { title: 'Repository', kind: 'main', cell: runName },
      { title: 'State', cell: ({ state: word }) => state(word, KINDS[word]) },
      {
        title: 'New commits',
        kind: 'number',
        cell: ({ summary }) => (summary ? number(summary.newCommits) : '–'),
      },
      { title: 'Took', kind: 'number', cell: took },
      { title: 'Ended', kind: 'number', cell: ({ finishedAt }) => ago(finishedAt) },
    ],
  });
  made.element.id = 'runs';
  return made;
}

/** @param {any} run */
function runName({ url, error, reason }) {
  const why = element('div', { class: error ? 'error' : 'quiet' }, error?.message ?? reason);
  return element('div', {}, link(`#/repository?url=${encodeURIComponent(url)}`, shortUrl(url)), why);
}

/** @param {any} run */
function took({ startedAt, finishedAt }) {
  return startedAt && finishedAt ? span(Date.parse(finishedAt) - Date.parse(startedAt)) : '–';
}
