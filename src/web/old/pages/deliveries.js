// @ts-check
// Files on their way: where each is, what happened to it, when it is tried again; what has failed, by its cause.

import { count, number } from '../../parts/words.ts';
import { button } from '../parts/act.js';
import { ask, query } from '../parts/api.js';
import { deliveryTable } from '../parts/delivery-table.js';
import { element, link, panel, showFacts, state } from '../parts/dom.js';
import { filters } from '../parts/filters.js';
import { pager } from '../parts/pager.js';
import { table } from '../parts/table.js';

const SHOWN = 50;

/** @type {import('../opener.ts').Opener} */
export function open(root, params, refresh) {
  const id = params.get('id');
  if (id !== null) return openOne(root, id);
  const facts = element('dl', { class: 'totals' });
  const links = element('p', { class: 'note' });
  const deliver = button('Deliver what waits now', async () => {
    const { delivered, failed, waiting, held, unfinished } = await ask('/api/v1/deliveries/sync', {});
    const places = held.map((/** @type {any} */ one) => ` ${one.kind} ${one.place}: ${one.message}.`);
    const rest = unfinished ? ` The station goes on with ${count(unfinished.files, 'file')}.` : '';
    return `${count(delivered, 'file')} delivered, ${number(failed)} failed, ${number(waiting)} wait.${places.join('')}${rest}`;
  });
  const causes = causeTable();
  const causePanel = panel('Failed, by cause', causes.element);
  const pages = pager(refresh);
  const wanted = filters('#/deliveries', params, FIELDS, () => {
    pages.reset();
    refresh();
  });
  const matching = button('Retry all failed that fit', () => {
    const { search, cause } = wanted.values();
    // What is undefined is left out of the request.
    return retry({
      text: search || undefined,
      cause: cause || undefined,
      all: search || cause ? undefined : true,
    });
  });
  const list = deliveryTable(retry);
  root.append(
    panel('Deliveries', facts, links, element('div', { class: 'row' }, deliver)),
    causePanel,
    panel(
      'Files',
      wanted.element,
      element('div', { class: 'row acts' }, matching),
      list.element,
      pages.element,
    ),
  );
  return {
    async refresh(asked) {
      const page = { ...wanted.values(), limit: SHOWN, cursor: pages.place() };
      const [status, { deliveries, next }, { troubles }] = await Promise.all([
        asked,
        ask(`/api/v1/deliveries${query(page)}`),
        ask('/api/v1/troubles'),
      ]);
      showStatus(facts, links, status);
      const failed = troubles.filter((/** @type {any} */ { kind }) => kind === 'delivery');
      causePanel.hidden = failed.length === 0;
      causes.show(failed);
      matching.hidden = wanted.values().state !== 'failed' || deliveries.length === 0;
      list.show(deliveries);
      pages.show(next, '');
    },
  };
}

/** One file, as a link leads to it. @param {HTMLElement} root @param {string} id */
function openOne(root, id) {
  const list = deliveryTable(retry, true);
  root.append(panel('One delivery', list.element, link('#/deliveries', 'All deliveries')));
  return {
    async refresh() {
      const { attemptHistory: _attempts, ...record } = await ask(
        `/api/v1/deliveries/${encodeURIComponent(id)}`,
      );
      list.show([record]);
    },
  };
}

/** @type {import('../parts/filters.js').Field[]} */
const FIELDS = [
  { name: 'search', label: 'Profile, bucket or path' },
  {
    name: 'state',
    label: 'State',
    options: [
      ['', 'all'],
      ['waiting', 'on their way'],
      ['failed', 'failed'],
      ['completed', 'delivered'],
      ['incoming', 'incoming'],
      ['processing', 'processing'],
    ],
  },
  { name: 'cause', label: 'Cause' },
];

/** @param {HTMLElement} facts @param {HTMLElement} links @param {any} status */
function showStatus(facts, links, { deliveries, links: far }) {
  showFacts(facts, [
    ['on their way', number(deliveries.incoming + deliveries.processing)],
    ['uploading now', number(deliveries.uploading)],
    ['waiting for a later try', number(deliveries.waiting)],
    ['failed', number(deliveries.failed)],
    ['delivered', number(deliveries.completed)],
  ]);
  const words = far
    .map((/** @type {any} */ { endpoint, state: word }) => `${endpoint} is ${word}`)
    .join('; ');
  const text = words === '' ? 'No destination was used yet.' : `${words}.`;
  if (links.textContent !== text) links.textContent = text;
}

function causeTable() {
  const made = table({
    caption: 'What failed or is tried again, by cause',
    keyOf: (/** @type {any} */ { stage, code }) => `${stage} ${code}`,
    empty: '',
    columns: [
      { title: 'Cause', kind: 'main', cell: causeOf },
      { title: 'Files', kind: 'number', cell: filesOf },
      { title: 'Act', kind: 'act', cell: retryCause },
    ],
  });
  made.element.id = 'causes';
  return made;
}

/** @param {any} trouble */
function causeOf({ code, example, hint, isWaiting }) {
  const words = isWaiting ? 'tried again by itself' : 'gave up';
  return element(
    'div',
    {},
    state(code, isWaiting ? 'warn' : 'bad'),
    ` ${example} `,
    element('span', { class: 'quiet' }, `(${words})`),
    element('div', { class: 'quiet' }, hint ?? ''),
  );
}

/** @param {any} trouble */
function filesOf({ code, stage, count: files }) {
  return link(`#/deliveries${query({ state: stage, cause: code })}`, count(files, 'file'));
}

/** @param {any} trouble */
function retryCause({ code, stage, count: files }) {
  if (stage !== 'failed') return null;
  const act = () => retry({ cause: code });
  return button(`Retry all ${number(files)}`, act, { about: code, kind: 'small' });
}

/** @param {Record<string, unknown>} selection @returns {Promise<string>} */
async function retry(selection) {
  const { total, problems, deliveries } = await ask('/api/v1/deliveries/failed/retry', {
    ...selection,
    limit: 1,
  });
  const done = `${count(total - problems, 'file')} will be tried again.`;
  if (problems === 0) return done;
  return `${done} ${count(problems, 'file')} cannot be, such as ${deliveries[0].filepath}: ${deliveries[0].problem}.`;
}
