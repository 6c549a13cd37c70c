// @ts-check
// All repositories that are known: how they are, what their clones take, when they are next and why.

import { bytes, number, shortUrl } from '../../parts/words.ts';
import { button } from '../parts/act.js';
import { ask, query } from '../parts/api.js';
import { bakeForm } from '../parts/bake.js';
import { element, link, panel, state } from '../parts/dom.js';
import { filters } from '../parts/filters.js';
import { pager } from '../parts/pager.js';
import { table } from '../parts/table.js';
import { ago, until } from '../parts/times.js';

const SHOWN = 50;

/** @type {import('../opener.ts').Opener} */
export function open(root, params, refresh) {
  const pages = pager(refresh);
  const wanted = filters('#/repositories', params, FIELDS, () => {
    pages.reset();
    refresh();
  });
  const list = table({
    caption: 'Repositories',
    keyOf: (/** @type {any} */ { url }) => url,
    empty: 'No repository fits. Bake one below, or list some under repos in the configuration.',
    columns: [
      { title: 'Repository', kind: 'main', cell: nameOf },
      { title: 'Commits', kind: 'number', cell: ({ commits }) => number(commits) },
      { title: 'Last commit', cell: ({ lastCommitAt }) => ago(lastCommitAt) },
      { title: 'Clone', cell: ({ clone }) => cloneWords(clone) },
      { title: 'Next look', cell: nextOf },
      { title: 'Act', kind: 'act', cell: actions },
    ],
  });
  root.append(
    panel('Repositories', wanted.element, list.element, pages.element),
    panel('Bake a repository', bakeForm()),
  );
  return {
    async refresh(asked) {
      const [{ repos }, { repositories, next }] = await Promise.all([
        asked,
        ask(`/api/v1/repositories${query({ ...wanted.values(), limit: SHOWN, cursor: pages.place() })}`),
      ]);
      list.show(repositories);
      pages.show(next, `${number(repos.known)} known, ${number(repos.tracked)} tracked`);
    },
  };
}

/** @type {import('../parts/filters.js').Field[]} */
const FIELDS = [
  { name: 'search', label: 'Address' },
  {
    name: 'show',
    label: 'Show',
    options: [
      ['', 'all'],
      ['tracked', 'tracked'],
      ['untracked', 'not tracked'],
      ['failing', 'failing'],
    ],
  },
  {
    name: 'order',
    label: 'First',
    options: [
      ['', 'latest change'],
      ['size', 'largest clone'],
      ['commits', 'most commits'],
      ['url', 'by address'],
    ],
  },
];

/** @param {any} repository */
function nameOf({ url, state: word, lastError, tracked }) {
  const isWell = word === 'ok' || word === 'new';
  return element(
    'div',
    {},
    link(`#/repository${query({ url })}`, shortUrl(url), { class: 'name' }),
    tracked ? null : element('span', { class: 'quiet' }, ' not tracked'),
    isWell
      ? null
      : element('div', {}, state(word, 'bad'), ' ', element('span', { class: 'quiet' }, lastError ?? '')),
  );
}

/** @param {any} clone */
export function cloneWords(clone) {
  if (!clone) return element('span', { class: 'quiet' }, 'none');
  const where = clone.onDisk
    ? `${bytes(clone.bytes)} ${clone.kind}`
    : clone.cold
      ? 'in cold storage'
      : 'not on disk';
  const pinned = clone.pinned ? element('span', { class: 'quiet' }, ', pinned') : null;
  return element('span', {}, where, pinned);
}

/** @param {any} repository */
export function nextOf({ next, tracked }) {
  if (!next) return element('span', { class: 'quiet' }, tracked ? '–' : 'when asked for');
  return element('div', {}, until(next.dueAt), element('div', { class: 'quiet why' }, next.reason));
}

/** @param {any} repository */
function actions({ url, tracked, clone }) {
  return element(
    'div',
    { class: 'row acts' },
    tracked ? syncButton(url) : null,
    clone?.pinnedBy === 'configuration' ? null : pinButton(url, Boolean(clone?.pinned)),
  );
}

/** @param {string} url */
export function syncButton(url) {
  return button(
    'Sync now',
    async () => {
      await ask('/api/v1/sync', { url });
      return `${shortUrl(url)} is first in line.`;
    },
    { about: shortUrl(url), kind: 'small' },
  );
}

/** @param {string} url @param {boolean} pinned */
export function pinButton(url, pinned) {
  return button(
    pinned ? 'Unpin' : 'Pin',
    async () => {
      await ask('/api/v1/cache/pin', { url, pinned: !pinned });
      return pinned ? `${shortUrl(url)} may be evicted again.` : `${shortUrl(url)} is never evicted.`;
    },
    { about: shortUrl(url), kind: 'small' },
  );
}
