// @ts-check
// What history says of the chosen repository beyond commits: people, hours, files.
import { columnChart, monthName } from './chart.js';
import { element, fill, number } from './dom.js';
import { punchCard } from './punch-card.js';

const FILES_SHOWN = 10;
const MONTHS_SHOWN = 36;

/** @param {string} id */
const byId = id => /** @type {HTMLElement} */ (document.getElementById(id));

const people = columnChart(byId('contributors'), byId('contributors-note'), peopleInWords);
const week = punchCard(byId('punch-card'), byId('punch-card-note'));

/**
 * Asks for the insights of a repository; what it answers shows them.
 * @param {(path: string) => Promise<any>} ask
 * @param {string} scope query parameters that choose repository and people
 * @returns {Promise<() => void>}
 */
export async function askInsights(ask, scope) {
  const [{ periods }, { hours }, { files }, { people: few }] = await Promise.all([
    ask(`/api/v1/insights/contributors?by=month&${scope}`),
    ask(`/api/v1/insights/punch-card?${scope}`),
    ask(`/api/v1/insights/hotspots?limit=${FILES_SHOWN}&${scope}`),
    ask(`/api/v1/insights/bus-factor?${scope}`),
  ]);
  return () => {
    const columns = periods
      .slice(-MONTHS_SHOWN)
      .map((/** @type {any} */ period) => ({ ...period, commits: period.active }));
    people.show(columns, 'month');
    week.show(hours);
    byId('bus-factor').textContent =
      few.length === 1
        ? 'One person wrote half of the commits or more.'
        : `${number(few.length)} people wrote half of the commits.`;
    showFiles(files);
  };
}

/** @param {any} period */
function peopleInWords({ start, active, new: fresh, returning, lost }) {
  return `${monthName(start)}: ${number(active)} active, ${number(fresh)} new, ${number(returning)} returning, ${number(lost)} lost`;
}

/** @param {any[]} files */
function showFiles(files) {
  const most = files[0]?.changes ?? 1;
  byId('hot-spots-note').hidden = files.length > 0;
  fill(
    byId('hot-spots'),
    files.map(({ path, changes, people: count, added, removed }) =>
      element(
        'li',
        {},
        element(
          'span',
          { class: 'name', title: `${path}\n+${number(added)} −${number(removed)} lines` },
          path,
        ),
        element('progress', { max: String(most), value: String(changes), 'aria-hidden': 'true' }),
        element('span', { class: 'number' }, `${number(changes)} by ${number(count)}`),
      ),
    ),
  );
}
