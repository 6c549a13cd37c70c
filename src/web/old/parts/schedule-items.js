// @ts-check
// What stands on the schedule: when, what, why then, and to the front by hand.

import { count, shortUrl } from '../../parts/words.ts';
import { button } from './act.js';
import { ask } from './api.js';
import { element, link, outward, state } from './dom.js';
import { table } from './table.js';
import { until } from './times.js';

/** @param {string} caption @param {string} empty */
export function itemTable(caption, empty) {
  return table({
    caption,
    keyOf: (/** @type {any} */ { key }) => key,
    empty,
    columns: [
      { title: 'When', cell: whenOf },
      { title: 'What', kind: 'main', cell: whatOf },
      { title: 'Why then', cell: whyOf },
      { title: 'Act', kind: 'act', cell: syncButton },
    ],
  });
}

/** @param {any} item */
function whenOf({ dueAt, priority, running }) {
  if (running) return state('now', 'busy');
  return priority === 'high' ? element('span', {}, until(dueAt), ' ', state('raised', 'busy')) : until(dueAt);
}

/** @param {any} item */
function whatOf({ kind, target, title }) {
  if (kind === 'repository') return link(`#/repository?url=${encodeURIComponent(target)}`, shortUrl(target));
  if (kind === 'changeset') {
    const address = element('div', { class: 'quiet' }, shortUrl(target));
    return element('div', {}, outward(target, title || shortUrl(target)), title ? address : null);
  }
  const words = kind === 'churn' ? `churn of ${shortUrl(target)}` : target;
  return element('span', {}, words);
}

/** @param {any} item */
function whyOf({ reason, failures, lastError }) {
  if (failures === 0) return reason;
  const times = `failed ${count(failures, 'time')} in a row`;
  return element(
    'div',
    {},
    reason,
    element('div', { class: 'error' }, `${times}: ${lastError?.message ?? ''}`),
  );
}

/** @param {any} item */
function syncButton({ kind, target, running }) {
  if (running) return null;
  /** @type {Readonly<Record<string, () => Promise<unknown>>>} */
  const ways = {
    repository: () => ask('/api/v1/sync', { url: target }),
    changeset: () => ask('/api/v1/changesets/sync', { urls: [target] }),
  };
  const way = ways[kind];
  if (!way) return null;
  const act = async () => {
    await way();
    return `${shortUrl(target)} is first in line.`;
  };
  return button('Sync now', act, { about: shortUrl(target), kind: 'small' });
}
