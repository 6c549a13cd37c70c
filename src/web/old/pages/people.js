// @ts-check
// Who is who: one person under several e-mails is merged by hand, and taken apart again.

import { count, number } from '../../parts/words.ts';
import { button, perform } from '../parts/act.js';
import { ask, query } from '../parts/api.js';
import { element, fill, panel } from '../parts/dom.js';
import { filters } from '../parts/filters.js';
import { pager } from '../parts/pager.js';
import { hidden, table } from '../parts/table.js';

const SHOWN = 50;

/** @typedef {{id: number, name: string, email: string, bot: boolean, botByHand: boolean, commits: number, emails: string[]}} Person */

/** @type {import('../opener.ts').Opener} */
export function open(root, params, refresh) {
  const chosen = selection(refresh);
  const pages = pager(refresh);
  const wanted = filters('#/people', params, FIELDS, () => {
    pages.reset();
    refresh();
  });
  const list = table({
    caption: 'People, those with most commits first',
    keyOf: (/** @type {Person & {chosen: boolean}} */ person) => String(person.id),
    empty:
      'Nobody here. People come with the commits of baked repositories; or nothing fits what is searched for.',
    columns: [
      { title: 'Choose', kind: 'act', cell: person => chosen.box(person) },
      { title: 'Person', kind: 'main', cell: nameOf },
      { title: 'Commits', kind: 'number', cell: ({ commits }) => number(commits) },
      { title: 'Kind', cell: kindOf },
    ],
  });
  root.append(
    panel(
      'People',
      element(
        'p',
        { class: 'note' },
        'One person under several e-mails? Choose them and merge. No history is read again, and it can be undone.',
      ),
      wanted.element,
      chosen.element,
      list.element,
      pages.element,
    ),
  );
  return {
    async refresh() {
      const { people, next } = await ask(
        `/api/v1/people${query({ ...wanted.values(), limit: SHOWN, cursor: pages.place() })}`,
      );
      chosen.known(people);
      list.show(people.map((/** @type {Person} */ one) => ({ ...one, chosen: chosen.has(one) })));
      pages.show(next, '');
    },
  };
}

const FIELDS = [
  { name: 'search', label: 'Name or e-mail' },
  {
    name: 'bots',
    label: 'Show',
    options: /** @type {[string, string][]} */ ([
      ['', 'people and programs'],
      ['exclude', 'people'],
      ['only', 'programs'],
    ]),
  },
];

/** @param {Person} person */
function titleOf({ name, email }) {
  return name || email || '(no name)';
}

/** @param {Person} person */
function nameOf(person) {
  const [own = '', ...merged] = person.emails;
  const others = merged.map(email =>
    element(
      'li',
      {},
      email,
      ' ',
      button('Take out', () => split(email), { about: `${email} of ${titleOf(person)}`, kind: 'small' }),
    ),
  );
  return element(
    'div',
    {},
    element('div', { class: 'name' }, titleOf(person)),
    element('div', { class: 'quiet' }, own),
    others.length > 0
      ? element('ul', { class: 'merged', 'aria-label': 'Merged into this person' }, ...others)
      : null,
  );
}

/** @param {string} email */
async function split(email) {
  await ask('/api/v1/people/split', { emails: [email] });
  return `${email} is a person of its own again.`;
}

/** @param {Person} person */
function kindOf(person) {
  const { bot, botByHand, email } = person;
  const kind = bot ? 'a program' : 'a person';
  const mark = async (/** @type {boolean | null} */ value) => {
    await ask('/api/v1/people/bot', { email, bot: value });
    if (value === null) return `${titleOf(person)} is what the patterns say.`;
    return `${titleOf(person)} is ${value ? 'a program' : 'a person'}.`;
  };
  return element(
    'div',
    { class: 'row' },
    element('span', { class: bot ? 'quiet' : '' }, botByHand ? `${kind}, by hand` : kind),
    button(bot ? 'Mark as person' : 'Mark as program', () => mark(!bot), {
      about: titleOf(person),
      kind: 'small',
    }),
    botByHand ? button('As recognised', () => mark(null), { about: titleOf(person), kind: 'small' }) : null,
  );
}

/** Who is chosen to be merged, over all searches. @param {() => void} refresh */
function selection(refresh) {
  /** @type {Map<number, Person>} */
  const chosen = new Map();
  const kept = element('select', { 'aria-label': 'Whom they become' });
  const words = element('span', { role: 'status' });
  const merge = element('button', { type: 'button' }, 'Merge');
  const clear = element('button', { type: 'button', class: 'plain' }, 'Choose nobody');
  const bar = element('div', { class: 'chosen row' }, words, kept, merge, clear);
  bar.hidden = true;
  /** Who was chosen to stay; the one with most commits otherwise. */
  let picked = 0;
  kept.addEventListener('change', () => {
    picked = Number(/** @type {HTMLSelectElement} */ (kept).value);
  });
  const show = () => {
    const people = [...chosen.values()];
    bar.hidden = people.length === 0;
    words.textContent =
      people.length === 1
        ? `${titleOf(people[0] ?? NOBODY)} chosen; choose another.`
        : `Merge ${people.length} people into`;
    fill(
      kept,
      people
        .toSorted((one, other) => other.commits - one.commits)
        .map(one => element('option', { value: String(one.id) }, `${titleOf(one)} <${one.email}>`)),
    );
    if (chosen.has(picked)) /** @type {HTMLSelectElement} */ (kept).value = String(picked);
    for (const part of [kept, merge]) part.hidden = people.length < 2;
  };
  const forget = () => {
    chosen.clear();
    show();
    refresh();
  };
  clear.addEventListener('click', forget);
  merge.addEventListener('click', async () => {
    const into = chosen.get(Number(/** @type {HTMLSelectElement} */ (kept).value));
    if (!into) return;
    const others = [...chosen.values()].filter(one => one !== into);
    const emails = [into, ...others].map(({ email }) => email);
    const done = await perform(async () => {
      const { emails: all } = await ask('/api/v1/people/merge', { emails });
      return `${titleOf(into)} is one person with ${count(all.length, 'e-mail')} now.`;
    });
    if (done) forget();
  });
  return {
    element: bar,
    /** @param {Person} person */
    has: ({ id }) => chosen.has(id),
    /** Brings those that are chosen up to date. @param {Person[]} people */
    known(people) {
      for (const person of people) if (chosen.has(person.id)) chosen.set(person.id, person);
    },
    /** @param {Person & {chosen: boolean}} person */
    box(person) {
      const box = /** @type {HTMLInputElement} */ (element('input', { type: 'checkbox' }));
      box.checked = person.chosen;
      box.addEventListener('change', () => {
        if (box.checked) chosen.set(person.id, person);
        else chosen.delete(person.id);
        show();
        refresh();
      });
      return element('label', { class: 'box' }, box, hidden(`Choose ${titleOf(person)} ${person.email}`));
    },
  };
}

/** @type {Person} */
const NOBODY = { id: 0, name: '', email: '', bot: false, botByHand: false, commits: 0, emails: [] };
