// @ts-check
// One repository: what its history says. Each part is asked for on its own and shown as it comes.

import { day, number, shortUrl } from '../../parts/words.ts';
import { button } from '../parts/act.js';
import { ask, query } from '../parts/api.js';
import { element, fill, outward, panel, showFacts } from '../parts/dom.js';
import { insightParts } from '../parts/insights.js';
import { ago } from '../parts/times.js';
import { cloneWords, nextOf, pinButton, syncButton } from './repositories.js';

/** @type {import('../opener.ts').Opener} */
export function open(root, params) {
  const url = params.get('url') ?? '';
  const facts = element('dl', { class: 'totals' });
  const trouble = element('p', { class: 'error' });
  const state = element('dl', { class: 'lines' });
  const acts = element('div', { class: 'row acts' });
  const bots = /** @type {HTMLInputElement} */ (element('input', { type: 'checkbox', id: 'without-bots' }));
  const insights = insightParts();
  /** The facts that the insights were drawn for. */
  let drawnFor = '';
  let known = '';
  const draw = () => {
    const wanted = JSON.stringify([known, bots.checked]);
    if (wanted === drawnFor) return;
    drawnFor = wanted;
    insights.ask(url, bots.checked);
  };
  bots.addEventListener('change', draw);
  const head = panel(shortUrl(url), facts, trouble, state, acts);
  head.querySelector('h2')?.replaceChildren(outward(url, shortUrl(url)));
  root.append(
    head,
    element(
      'div',
      { class: 'history' },
      element('label', { class: 'row choice' }, bots, 'Leave out programs'),
      ...insights.panels,
    ),
  );
  // The charts need not wait for the facts.
  draw();
  return {
    async refresh() {
      insights.askMissing();
      const repository = await ask(`/api/v1/repositories/one${query({ url })}`);
      const { commits, authors, firstCommitAt, lastCommitAt, lastBakedAt } = repository;
      showFacts(facts, [
        ['commits', number(commits)],
        ['authors', number(authors)],
        ['first commit', day(firstCommitAt)],
        ['last commit', day(lastCommitAt)],
      ]);
      trouble.hidden = repository.lastError === null;
      trouble.textContent = `${repository.state}: ${repository.lastError}`;
      const shown = JSON.stringify(repository);
      if (state.dataset.shown !== shown) {
        state.dataset.shown = shown;
        showState(state, repository);
        showActs(acts, repository);
      }
      const news = JSON.stringify([commits, lastBakedAt]);
      if (known !== '' && news !== known) {
        known = news;
        draw();
      }
      if (known === '') {
        known = news;
        drawnFor = JSON.stringify([known, bots.checked]);
      }
    },
  };
}

/** @param {HTMLElement} list @param {any} repository */
function showState(list, repository) {
  const { trackedBy, tracked, lastBakedAt, clone, movedTo, headRef } = repository;
  /** @type {[string, Node | string][]} */
  const lines = [
    ['Tracked', tracked ? `by ${trackedBy.join(', ')}` : 'no: baked only when asked for'],
    ['Next look', nextOf(repository)],
    ['Last look', ago(lastBakedAt)],
    ['Clone', cloneWords(clone)],
    ['Branch', headRef?.replace('refs/heads/', '') ?? 'none'],
  ];
  if (movedTo) lines.push(['Moved to', movedTo]);
  fill(
    list,
    lines.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))),
  );
}

/** @param {HTMLElement} row @param {any} repository */
function showActs(row, { url, tracked, trackedBy, clone }) {
  const byHand = trackedBy.some((/** @type {string} */ origin) => origin === 'api' || origin === 'cli');
  const track = button('Keep it fresh', async () => {
    await ask('/api/v1/repositories', { url });
    return 'It is tracked now.';
  });
  const untrack = button('Track no longer', async () => {
    const left = await ask(`/api/v1/repositories${query({ url })}`, undefined, 'DELETE');
    return left.tracked
      ? `It stays tracked by ${left.trackedBy.join(', ')}.`
      : 'It is not tracked any more; its rows stay.';
  });
  const bake = button('Bake', async () => `Run ${(await ask('/bake', { url })).id} is on its way.`);
  fill(row, [
    tracked ? syncButton(url) : bake,
    ...(tracked ? (byHand ? [untrack] : []) : [track]),
    ...(clone?.pinnedBy === 'configuration' ? [] : [pinButton(url, Boolean(clone?.pinned))]),
  ]);
}
