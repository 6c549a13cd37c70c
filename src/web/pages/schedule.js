// @ts-check
// What happens next and why then; how far behind the schedule is; what code hosts' budgets allow (S5, S6, S10).
import { button } from '../parts/act.js';
import { ask } from '../parts/api.js';
import { element, link, outward, panel, showFacts, state } from '../parts/dom.js';
import { hostTable } from '../parts/hosts.js';
import { table } from '../parts/table.js';
import { timeline } from '../parts/timeline.js';
import { until } from '../parts/times.js';
import { count, number, shortUrl, span } from '../parts/words.js';

const STEP = 100;
const MOST = 500;

/** @type {import('../app.js').Opener} */
export function open(root, _params, refresh) {
  const facts = element('dl', { class: 'totals' });
  const line = timeline();
  const running = itemTable('Running', 'Nothing runs.');
  const next = itemTable(
    'Next, first in line first',
    'Nothing is planned. Track repositories or follow changesets, here or in sluice.yaml.',
  );
  const hosts = hostTable();
  const hostPanel = panel('Budgets of code hosts', hosts.element);
  let shown = STEP;
  const more = element('button', { type: 'button', class: 'plain' }, `Show ${STEP} more`);
  const where = element('span', { class: 'quiet', role: 'status' });
  more.addEventListener('click', () => {
    shown = Math.min(MOST, shown + STEP);
    refresh();
  });
  root.append(
    panel('Schedule', facts, line.element),
    panel('Running', running.element),
    panel('Next', next.element, element('p', { class: 'pager' }, more, where)),
    hostPanel,
  );
  return {
    async refresh(asked) {
      const [{ changesets }, schedule] = await Promise.all([asked, ask(`/api/v1/schedule?limit=${shown}`)]);
      const { counts } = schedule;
      showFacts(facts, [
        ['planned', number(counts.size)],
        ['running', number(counts.running)],
        ['due now', number(counts.due)],
        ['behind by', counts.due === 0 ? '–' : span(counts.behindMs)],
        ['raised, first in line', number(counts.raised)],
      ]);
      line.show(schedule.halfHours);
      running.show(schedule.running);
      next.show(schedule.next);
      const waiting = counts.size - counts.running;
      more.hidden = schedule.next.length >= waiting || shown === MOST;
      where.textContent =
        waiting > schedule.next.length
          ? `the first ${number(schedule.next.length)} of ${number(waiting)}`
          : '';
      hostPanel.hidden = changesets.hosts.length === 0;
      hosts.show(changesets);
    },
  };
}

/** @param {string} caption @param {string} empty */
function itemTable(caption, empty) {
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
function whenOf({ at, priority, running }) {
  if (running) return state('now', 'busy');
  return priority === 'high' ? element('span', {}, until(at), ' ', state('raised', 'busy')) : until(at);
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
