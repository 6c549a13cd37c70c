// @ts-check
// Is everything flowing, what is stuck and why, what happens next: gather, keep, deliver at a glance.

import { number, shortUrl, span } from '../../parts/words.ts';
import { ask } from '../parts/api.js';
import { bakeForm } from '../parts/bake.js';
import { element, link, panel, state } from '../parts/dom.js';
import { flowPicture } from '../parts/flow.js';
import { keyedRows } from '../parts/rows.js';
import { itemTable } from '../parts/schedule-items.js';
import { stationsPart } from '../parts/stations.js';
import { table } from '../parts/table.js';
import { ago } from '../parts/times.js';
import { troubleTable } from '../parts/troubles.js';

const NEXT_SHOWN = 6;
const RUNS_SHOWN = 8;

/** @type {import('../opener.ts').Opener} */
export function open(root) {
  const flow = flowPicture();
  const stations = stationsPart();
  const troubles = troubleTable();
  const list = element('ul', { id: 'now', class: 'plain' });
  const showBakes = keyedRows(list, (/** @type {any} */ { url }) => url, bakeRow);
  const next = itemTable(
    'Next',
    'Nothing runs and nothing is planned. Bake a repository below, or list what to keep fresh in sluice.yaml.',
  );
  const runs = runTable();
  const recent = panel('Recent bakes', runs.element);
  root.append(
    flow.element,
    stations.element,
    panel('Stuck, and why', troubles.element),
    panel('Running now, and next', list, next.element, link('#/schedule', 'The whole schedule')),
    panel('Bake a repository', bakeForm()),
    recent,
  );
  return {
    async refresh(asked) {
      const [status, schedule, capture, { plan }, { troubles: found }, { runs: latest }] = await Promise.all([
        asked,
        ask(`/api/v1/schedule?limit=${NEXT_SHOWN}`),
        ask('/api/v1/capture'),
        ask('/api/v1/disk?limit=1'),
        ask('/api/v1/troubles'),
        ask(`/api/v1/runs?limit=${RUNS_SHOWN}`),
      ]);
      stations.show(status.stations);
      showBakes(status.repos.baking);
      next.show(schedule.next);
      flow.show(status, capture, plan);
      troubles.show(found);
      recent.hidden = latest.length === 0;
      runs.show(latest);
    },
  };
}

/** A bake under way. @param {any} bake */
function bakeRow({ url, progress, phase }) {
  return element(
    'li',
    {},
    state('now', 'busy'),
    element('span', { class: 'what' }, shortUrl(url)),
    element('span', { class: 'quiet' }, progress || phase),
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
