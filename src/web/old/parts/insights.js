// @ts-check
// What the history of a repository says: each part asks for itself, so that none waits for the slowest.

import { count, day, number, percent } from '../../parts/words.ts';
import { ask, query } from './api.js';
import { columnChart, monthName } from './chart.js';
import { element, panel } from './dom.js';
import { punchCard } from './punch-card.js';
import { table } from './table.js';
import { ago } from './times.js';

/** Two years; a longer history is shown by month, too. */
const WEEKS_SHOWN = 104;
/** Ten years of months are as many columns as a phone can show. */
const MONTHS_SHOWN = 120;
const AUTHORS_SHOWN = 15;
const FILES_SHOWN = 15;
const AGAIN_MS = 5_000;
/** Who has not committed for so long counts as lost, as in the insights. */
const LOST_MS = 90 * 86_400_000;

/**
 * @typedef {{
 *   readonly element: HTMLElement,
 *   readonly path: (scope: Record<string, any>) => string,
 *   show(answer: any): void,
 *   mayCome?(answer: any): boolean,
 * }} Part `mayCome`: nothing is there, and may be later
 */

/** The parts of a repository's page; `ask` asks for all of them side by side. */
export function insightParts() {
  const commits = commitsPart();
  const punch = punchCardPart();
  const churn = churnPart();
  const people = busFactorPart();
  const authors = authorsPart();
  const spots = hotSpotsPart();
  const contributors = contributorsPart();
  // In the order of what they cost, since the station answers one after the other: the first are there at once.
  const parts = [commits.weeks, commits.months, punch, churn, people, authors, spots, contributors];
  const asking = partsAsking(parts);
  return {
    panels: [
      panel('Commits', commits.weeks.element, commits.months.element),
      panel('People', people.element, authors.element, contributors.element),
      panel('Hours of the week, in each author’s own time', punch.element),
      panel('Churn and hot spots', churn.element, spots.element),
    ],
    ...asking,
  };
}

/** Asks for parts side by side. @param {readonly Part[]} parts */
function partsAsking(parts) {
  let turn = 0;
  let scope = {};
  let askedAtMs = 0;
  /** Those that failed, and those that may come later. @type {Set<Part>} */
  const missing = new Set();
  const askFor = (/** @type {readonly Part[]} */ wanted) => {
    const mine = turn;
    askedAtMs = performance.now();
    for (const part of wanted) {
      part.element.setAttribute('aria-busy', 'true');
      ask(part.path(scope))
        .then(answer => {
          if (mine !== turn) return;
          if (part.mayCome?.(answer)) missing.add(part);
          else missing.delete(part);
          part.element.querySelector('.failure')?.remove();
          part.show(answer);
        })
        .catch(error => {
          if (mine !== turn) return;
          missing.add(part);
          part.element.querySelector('.failure')?.remove();
          part.element.append(element('p', { class: 'error failure' }, error.message));
        })
        .finally(() => part.element.removeAttribute('aria-busy'));
    }
  };
  return {
    /** @param {string} repo @param {boolean} withoutBots */
    ask(repo, withoutBots) {
      turn += 1;
      scope = { repo, bots: withoutBots ? 'exclude' : undefined };
      missing.clear();
      askFor(parts);
    },
    /** Asks again now and then for what failed, or was not there. */
    askMissing() {
      if (missing.size > 0 && performance.now() - askedAtMs > AGAIN_MS) askFor([...missing]);
    },
  };
}

/** @param {string} name @param {Record<string, any>} values */
function insight(name, values) {
  return `/api/v1/insights/${name}${query(values)}`;
}

/** A figure of a chart with its words, and a heading where it has one. @param {string} id @param {string} title */
function chartPlace(id, title) {
  const heading = element('h3', { id: `${id}-title` }, title);
  const figure = element('div', {
    id,
    class: 'chart',
    role: 'slider',
    tabindex: '0',
    'aria-label': title,
    'aria-valuemin': '0',
    'aria-valuemax': '0',
    'aria-valuenow': '0',
  });
  const note = element('p', { id: `${id}-note`, class: 'note' });
  return { heading, figure, note, all: element('div', {}, heading, figure, note) };
}

function commitsPart() {
  const weekPlace = chartPlace('commits', 'Commits per week');
  const monthPlace = chartPlace('months', 'Commits per month, the whole history');
  const weekChart = columnChart(weekPlace.figure, weekPlace.note);
  const monthChart = columnChart(monthPlace.figure, monthPlace.note);
  monthPlace.all.hidden = true;
  /** @type {Part} */
  const weeks = {
    element: weekPlace.all,
    path: scope => insight('commits', { by: 'week', ...scope }),
    show({ periods }) {
      const isLong = periods.length > WEEKS_SHOWN;
      weekPlace.heading.textContent = isLong
        ? `Commits per week, the last ${WEEKS_SHOWN}`
        : 'Commits per week';
      monthPlace.all.hidden = !isLong;
      weekChart.show(periods.slice(-WEEKS_SHOWN), 'week');
    },
  };
  /** @type {Part} */
  const months = {
    element: monthPlace.all,
    path: scope => insight('commits', { by: 'month', ...scope }),
    show: ({ periods }) => monthChart.show(periods, 'month'),
  };
  return { weeks, months };
}

/** @returns {Part} */
function authorsPart() {
  const list = table({
    caption: 'Top authors',
    keyOf: (/** @type {any} */ { name, email }) => `${name}\n${email}`,
    empty: 'No commits yet.',
    columns: [
      { title: 'Top authors', kind: 'main', cell: authorName },
      { title: 'Commits', kind: 'number', cell: ({ commits }) => number(commits) },
      { title: 'First', cell: ({ firstCommitAt }) => day(firstCommitAt) },
      { title: 'Last', cell: lastSeen },
    ],
  });
  list.element.id = 'authors';
  return {
    element: list.element,
    path: scope => insight('authors', { limit: AUTHORS_SHOWN, ...scope }),
    show: ({ authors }) => list.show(authors),
  };
}

/** @param {any} author */
function authorName({ name, email }) {
  return element('span', { class: 'name', title: email }, name || email || '(no name)');
}

/** @param {any} author */
function lastSeen({ lastCommitAt }) {
  const isLost = Date.now() - Date.parse(lastCommitAt) > LOST_MS;
  return element(
    'span',
    {},
    ago(lastCommitAt),
    isLost ? element('span', { class: 'quiet' }, ', lost') : null,
  );
}

/** @returns {Part} */
function busFactorPart() {
  const note = element('p', { id: 'bus-factor', class: 'note' });
  return {
    element: note,
    path: scope => insight('bus-factor', scope),
    show({ people }) {
      const share = people.reduce((/** @type {number} */ sum, /** @type {any} */ one) => sum + one.share, 0);
      note.textContent =
        people.length === 0
          ? ''
          : `Bus factor ${people.length}: ${count(people.length, 'person', 'people')} wrote ${percent(share)} of the commits.`;
    },
  };
}

/** @returns {Part} */
function contributorsPart() {
  const place = chartPlace('contributors', 'People per month');
  const chart = columnChart(place.figure, place.note, ({ start, commits, new: fresh, returning, lost }) => {
    const changes = `${number(fresh)} new, ${number(returning)} returning, ${number(lost)} lost`;
    return `${monthName(start)}: ${number(commits)} active, ${changes}`;
  });
  return {
    element: place.all,
    path: scope => insight('contributors', { by: 'month', ...scope }),
    show({ periods }) {
      const columns = periods.slice(-MONTHS_SHOWN);
      chart.show(
        columns.map((/** @type {any} */ period) => ({ ...period, commits: period.active })),
        'month',
      );
    },
  };
}

/** @returns {Part} */
function punchCardPart() {
  const figure = element('div', { id: 'punch-card', class: 'chart', role: 'img' });
  const note = element('p', { id: 'punch-card-note', class: 'note' });
  const card = punchCard(figure, note);
  return {
    element: element('div', {}, figure, note),
    path: scope => insight('punch-card', scope),
    show: ({ hours }) => card.show(hours),
  };
}

/** @returns {Part} */
function churnPart() {
  const place = chartPlace('churn', 'Lines changed per month');
  const chart = columnChart(place.figure, place.note, ({ start, files, added, removed }) => {
    const touched = count(files, 'change of a file', 'changes of files');
    return `${monthName(start)}: +${number(added)} −${number(removed)} lines in ${touched}`;
  });
  place.all.hidden = true;
  return {
    element: place.all,
    path: scope => insight('churn', { by: 'month', ...scope }),
    mayCome: ({ periods }) => !periods.some((/** @type {any} */ { files }) => files > 0),
    show({ periods }) {
      const columns = periods.slice(-MONTHS_SHOWN).map((/** @type {any} */ period) => ({
        ...period,
        commits: period.added + period.removed,
      }));
      place.all.hidden = !columns.some((/** @type {any} */ { files }) => files > 0);
      if (!place.all.hidden) chart.show(columns, 'month');
    },
  };
}

/** @returns {Part} */
function hotSpotsPart() {
  const list = table({
    caption: 'Hot spots: files changed most, and by how many people',
    keyOf: (/** @type {any} */ { path }) => path,
    empty: element(
      'span',
      {},
      'What commits change has not been read. Switch it on with ',
      element('code', {}, 'insights: {churn: true}'),
      ' in sluice.yaml, or ',
      element('code', {}, 'churn: true'),
      ' beside the url of this repository.',
    ),
    columns: [
      { title: 'File', kind: 'main', cell: ({ path }) => path },
      { title: 'Changes', kind: 'number', cell: ({ changes }) => number(changes) },
      { title: 'By', kind: 'number', cell: ({ people }) => count(people, 'person', 'people') },
      {
        title: 'Lines',
        kind: 'number',
        cell: ({ added, removed }) => `+${number(added)} −${number(removed)}`,
      },
      { title: 'Last', cell: ({ lastChange }) => day(lastChange) },
    ],
  });
  list.element.id = 'hot-spots';
  const heading = element('h3', {}, 'Files changed most, and by how many people');
  return {
    element: element('div', {}, heading, list.element),
    path: scope => insight('hotspots', { limit: FILES_SHOWN, ...scope }),
    mayCome: ({ files }) => files.length === 0,
    show({ files }) {
      heading.hidden = files.length === 0;
      list.show(files);
    },
  };
}
