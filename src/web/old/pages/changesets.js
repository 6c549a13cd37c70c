// @ts-check
// Pull and merge requests: what is open and for how long, which is synced when and why, and by hand.

import { count, number } from '../../parts/words.ts';
import { button, onSubmit } from '../parts/act.js';
import { ask, query } from '../parts/api.js';
import { changesetFigures } from '../parts/changeset-figures.js';
import { element, outward, panel, state } from '../parts/dom.js';
import { filters } from '../parts/filters.js';
import { hostTable } from '../parts/hosts.js';
import { pager } from '../parts/pager.js';
import { hidden, table } from '../parts/table.js';
import { ago, until } from '../parts/times.js';

const SHOWN = 50;
const FIGURES_EVERY_MS = 30_000;

/** @type {import('../opener.ts').Opener} */
export function open(root, params, refresh) {
  /** Addresses of those that are chosen, over all pages. @type {Set<string>} */
  const chosen = new Set();
  const pages = pager(refresh);
  const wanted = filters('#/changesets', params, FIELDS, () => {
    pages.reset();
    refresh();
  });
  const filter = () => {
    const { show, order: _order, ...rest } = wanted.values();
    return { ...rest, ...CHOICES[show ?? ''] };
  };
  const acts = actions(chosen, filter, refresh);
  const list = changesetTable(chosen, acts.show);
  const figures = changesetFigures();
  const hosts = hostTable();
  const hostPanel = panel('Code hosts', hosts.element);
  root.append(
    figures.open,
    panel('Changesets', wanted.element, acts.element, list.element, pages.element, followForm()),
    hostPanel,
    figures.cycle,
  );
  let figuresAtMs = Number.NEGATIVE_INFINITY;
  return {
    async refresh(asked) {
      const { order } = wanted.values();
      const page = { limit: SHOWN, cursor: pages.place(), order: order ?? 'idle' };
      const isTime = performance.now() - figuresAtMs > FIGURES_EVERY_MS;
      if (isTime) figuresAtMs = performance.now();
      const [{ changesets: all }, { changesets, next }] = await Promise.all([
        asked,
        ask(`/api/v1/changesets${query({ ...filter(), ...page })}`),
        isTime ? figures.ask() : undefined,
      ]);
      list.show(changesets.map((/** @type {any} */ one) => ({ ...one, chosen: chosen.has(one.url) })));
      pages.show(next, `${number(all.followed)} followed`);
      hostPanel.hidden = all.hosts.length === 0;
      hosts.show(all);
    },
  };
}

/** @type {Readonly<Record<string, Record<string, string>>>} */
const CHOICES = {
  '': { state: 'open,draft' },
  waiting: { review: 'waiting' },
  stale: { idleDays: '14' },
  failing: { failing: 'true' },
  over: { state: 'merged,closed,deleted' },
  new: { state: 'new' },
  all: {},
};

/** @type {import('../parts/filters.js').Field[]} */
const FIELDS = [
  { name: 'search', label: 'Title or address' },
  { name: 'repository', label: 'Repository' },
  {
    name: 'show',
    label: 'Show',
    options: [
      ['', 'open and drafts'],
      ['waiting', 'waiting for review'],
      ['stale', 'stale: 14 days without a change'],
      ['failing', 'last sync failed'],
      ['over', 'merged, closed, deleted'],
      ['new', 'never synced'],
      ['all', 'all'],
    ],
  },
  {
    name: 'order',
    label: 'First',
    options: [
      ['', 'longest without a change'],
      ['id', 'longest known'],
    ],
  },
];

/** @param {Set<string>} chosen @param {() => void} onChange */
function changesetTable(chosen, onChange) {
  return table({
    caption: 'Changesets',
    keyOf: (/** @type {any} */ { url }) => url,
    empty:
      'No changeset fits. Follow one below by its address, or a repository or owner with changesets.follow in sluice.yaml.',
    columns: [
      {
        title: 'Choose',
        kind: 'act',
        cell: one => {
          const box = /** @type {HTMLInputElement} */ (element('input', { type: 'checkbox' }));
          box.checked = one.chosen;
          box.addEventListener('change', () => {
            if (box.checked) chosen.add(one.url);
            else chosen.delete(one.url);
            onChange();
          });
          return element('label', { class: 'box' }, box, hidden(`Choose ${nameOf(one)}`));
        },
      },
      { title: 'Changeset', kind: 'main', cell: titleOf },
      { title: 'State', cell: stateOf },
      { title: 'Changed', cell: ({ updatedAt }) => ago(updatedAt) },
      { title: 'Next sync', cell: nextOf },
      { title: 'Act', kind: 'act', cell: syncOne },
    ],
  });
}

/** @param {any} changeset */
function nameOf({ repository, number: which }) {
  return `${repository}#${which}`;
}

/** @param {any} changeset */
function titleOf(changeset) {
  const { url, title, author, createdAt, labels, lastError, unseen } = changeset;
  const by = author === null ? '' : ` by ${author}`;
  return element(
    'div',
    {},
    outward(url, title || nameOf(changeset)),
    element(
      'div',
      { class: 'quiet' },
      `${nameOf(changeset)}${by}`,
      createdAt ? ', opened ' : null,
      createdAt ? ago(createdAt) : null,
      labels.length > 0 ? `, ${labels.join(', ')}` : null,
    ),
    lastError ? element('div', { class: 'error' }, `${lastError.message}. ${lastError.hint}`) : null,
    ...(unseen ?? []).map((/** @type {any} */ { part, message }) =>
      element('div', { class: 'quiet' }, `${part} not seen: ${message}`),
    ),
  );
}

/** @type {Readonly<Record<string, string>>} */
const REVIEWS = {
  none: 'no review yet',
  requested: 'review asked for',
  commented: 'commented',
  approved: 'approved',
  changes_requested: 'changes asked for',
};

/** @param {any} changeset */
function stateOf({ state: word, reviewState, checkState }) {
  const kind = word === 'open' ? 'good' : word === 'deleted' ? 'bad' : '';
  const isOpen = word === 'open' || word === 'draft';
  const failed = checkState === 'failure' ? state(', checks fail', 'bad') : null;
  return element(
    'div',
    {},
    state(word, kind),
    isOpen ? element('div', { class: 'quiet' }, REVIEWS[reviewState] ?? reviewState, failed) : null,
  );
}

/** @param {any} changeset */
function nextOf({ next, followed }) {
  if (!next) return element('span', { class: 'quiet' }, followed ? 'never again' : 'not followed');
  return element(
    'div',
    {},
    next.priority === 'high' ? state('first in line', 'busy') : until(next.dueAt),
    element('div', { class: 'quiet why' }, next.reason),
  );
}

/** @param {any} changeset */
function syncOne(changeset) {
  const { url, followed } = changeset;
  if (!followed) return null;
  return button('Sync now', () => raise({ urls: [url] }), { about: nameOf(changeset), kind: 'small' });
}

/** @param {unknown} selection */
async function raise(selection) {
  const { raised } = await ask('/api/v1/changesets/sync', selection);
  return `${count(raised, 'changeset is', 'changesets are')} first in line.`;
}

/**
 * Syncs what is chosen, or all that the filter finds.
 * @param {Set<string>} chosen
 * @param {() => Record<string, string>} filter
 * @param {() => void} refresh
 */
function actions(chosen, filter, refresh) {
  const some = button('Sync chosen now', async () => {
    const said = await raise({ urls: [...chosen] });
    chosen.clear();
    show();
    return said;
  });
  const all = button('Sync all that fit now', () => {
    const { failing, ...rest } = filter();
    return raise({ filter: { ...rest, failing: failing ? true : undefined } });
  });
  const row = element('div', { class: 'row acts' }, some, all);
  const show = () => {
    some.hidden = chosen.size === 0;
    some.textContent = `Sync the ${count(chosen.size, 'chosen one', 'chosen')} now`;
  };
  show();
  return { element: row, show, refresh };
}

function followForm() {
  const url = element('input', {
    name: 'url',
    placeholder: 'https://host/owner/name/pull/7',
    required: '',
    spellcheck: 'false',
    autocomplete: 'off',
  });
  const form = element(
    'form',
    { class: 'row follow' },
    element('label', {}, 'Address ', url),
    element('button', { type: 'submit', class: 'plain' }, 'Follow'),
  );
  onSubmit(form, async fields => {
    const { changesets } = await ask('/api/v1/changesets', { urls: [fields.get('url')] });
    return `${nameOf(changesets[0])} is followed.`;
  });
  return form;
}
