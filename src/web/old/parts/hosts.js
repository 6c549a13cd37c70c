// @ts-check
// Code hosts: whether they answer, what the schedule needs of their budget of calls, whether webhooks arrive.

import { count, number } from '../../parts/words.ts';
import { element, state } from './dom.js';
import { table } from './table.js';
import { until } from './times.js';

const GAPS_SHOWN = 5;

export function hostTable() {
  const hosts = table({
    caption: 'Code hosts',
    keyOf: (/** @type {any} */ { host }) => host,
    empty: '',
    columns: [
      { title: 'Host', kind: 'main', cell: hostOf },
      { title: 'Followed', kind: 'number', cell: ({ followed }) => number(followed) },
      { title: 'Calls an hour', cell: ({ budgets }) => element('div', {}, ...budgets.map(budgetOf)) },
      {
        title: 'Intervals',
        cell: ({ stretch }) => (stretch > 1 ? state(`stretched ×${stretch}`, 'warn') : 'as they are'),
      },
    ],
  });
  const gaps = element('p', { class: 'note' });
  return {
    element: element('div', {}, hosts.element, gaps),
    /** @param {any} changesets */
    show({ hosts: all, webhooksMissing }) {
      hosts.show(all);
      gaps.hidden = webhooksMissing.length === 0;
      const names = webhooksMissing.map((/** @type {any} */ { repository }) => repository);
      const more = names.length > GAPS_SHOWN ? ` and ${number(names.length - GAPS_SHOWN)} more` : '';
      gaps.textContent = `Webhooks seem not to arrive for ${names.slice(0, GAPS_SHOWN).join(', ')}${more}.`;
    },
  };
}

/** @param {any} host */
function hostOf({ host, state: word, why, hint }) {
  return element(
    'div',
    {},
    host,
    ' ',
    state(word, word === 'ok' ? 'good' : 'bad'),
    why ? element('div', { class: 'error' }, why) : null,
    hint ? element('div', { class: 'quiet' }, hint) : null,
  );
}

/** @param {any} budget */
function budgetOf({ resource, neededPerHour, budgetPerHour, spentLastHour, remaining, resetAt }) {
  const there = budgetPerHour === null ? '' : ` of ${number(budgetPerHour)}`;
  const left = remaining === null ? null : `, ${count(remaining, 'call')} left`;
  return element(
    'div',
    {},
    `${resource}: needs ${number(neededPerHour)}${there}, spent ${number(spentLastHour)}`,
    left,
    left && resetAt ? ', renewed ' : null,
    left && resetAt ? until(resetAt) : null,
  );
}
