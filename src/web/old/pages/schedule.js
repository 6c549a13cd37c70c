// @ts-check
// What happens next and why then; how far behind the schedule is; what code hosts' budgets allow.

import { number, span } from '../../parts/words.ts';
import { ask } from '../parts/api.js';
import { element, panel, showFacts } from '../parts/dom.js';
import { hostTable } from '../parts/hosts.js';
import { itemTable } from '../parts/schedule-items.js';
import { timeline } from '../parts/timeline.js';

const STEP = 100;
const MOST = 500;

/** @type {import('../opener.ts').Opener} */
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
