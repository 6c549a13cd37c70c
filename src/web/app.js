// @ts-check
// The first page: what is running, one repository's commits per week and top authors, recent runs.
// Speaks only HTTP with the station; every text goes in as text, never as markup.
import { drawColumns } from './chart.js';
import { element, fill, number, span } from './dom.js';

const REFRESH_MS = 2_000;
const AUTHORS_SHOWN = 10;

/** @type {string | null} */
let chosenRepository = null;
let drawnFor = '';

/** @param {string} id */
const byId = id => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<any>}
 */
async function ask(path, options) {
  const response = await fetch(path, options);
  const answer = response.status === 204 ? null : await response.json();
  if (response.ok) return answer;
  throw Object.assign(new Error(`${answer.detail} ${answer.hint}`), { status: response.status });
}

async function refresh() {
  try {
    const [status, { repositories }, { runs }] = await Promise.all([
      ask('/api/v1/status'),
      ask('/api/v1/repos'),
      ask('/api/v1/runs?limit=15'),
    ]);
    byId('sign-in').hidden = true;
    showStation(status);
    showNow(status);
    showRuns(runs);
    await showRepository(repositories);
  } catch (error) {
    showFailure(/** @type {Error & {status?: number}} */ (error));
  }
}

/** @param {Error & {status?: number}} error */
function showFailure(error) {
  if (error.status === 401) byId('sign-in').hidden = false;
  fill(byId('station'), [
    element('span', { class: 'error' }, error.status ? error.message : 'the station does not answer'),
  ]);
}

/** @param {any} status */
function showStation({ station, schedule, disk }) {
  const free = `${(disk.freeBytes / 2 ** 30).toFixed(1)} GiB free`;
  const due = schedule.due ? `${schedule.due} due, behind ${span(schedule.behindS * 1000)}` : 'nothing due';
  byId('station').textContent =
    `sluice ${station.version} · up ${span(station.uptimeS * 1000)} · ${due} · ${free}`;
}

/** @param {any} status */
function showNow({ repos, schedule }) {
  const baking = repos.baking.map((/** @type {any} */ bake) =>
    element('li', {}, `Baking ${bake.url}: ${bake.progress || bake.phase}`),
  );
  const next = schedule.next.slice(0, 3).map((/** @type {any} */ item) => {
    const waitMs = Date.parse(item.at) - Date.now();
    const when = waitMs > 0 ? `in ${span(waitMs)}` : 'now';
    return element('li', { class: 'quiet' }, `Next: ${item.target} ${when} (${item.reason})`);
  });
  const rows = [...baking, ...next];
  fill(
    byId('now'),
    rows.length
      ? rows
      : [element('li', { class: 'quiet' }, 'Nothing is running or planned. Bake a repository below.')],
  );
}

/** @param {any[]} repositories */
async function showRepository(repositories) {
  byId('repository-section').hidden = repositories.length === 0;
  if (repositories.length === 0) return;
  const select = /** @type {HTMLSelectElement} */ (byId('repository'));
  const urls = repositories.map(({ url }) => url);
  if (chosenRepository === null || !urls.includes(chosenRepository)) chosenRepository = urls[0];
  if (urls.join('\n') !== [...select.options].map(({ value }) => value).join('\n')) {
    fill(
      select,
      urls.map(url => element('option', { value: url }, url)),
    );
  }
  select.value = chosenRepository ?? '';
  const repository = repositories.find(({ url }) => url === chosenRepository);
  const state = `${repository.url} ${repository.lastBakedAt} ${repository.state}`;
  if (state === drawnFor) return;
  const repo = encodeURIComponent(repository.url);
  const [{ periods }, { authors }] = await Promise.all([
    ask(`/api/v1/insights/commits?by=week&repo=${repo}`),
    ask(`/api/v1/insights/authors?limit=${AUTHORS_SHOWN}&repo=${repo}`),
  ]);
  drawnFor = state;
  showTotals(repository);
  drawColumns(byId('commits'), byId('commits-note'), periods);
  showAuthors(authors);
}

/** @param {any} repository */
function showTotals(repository) {
  /** @type {[string, string][]} */
  const facts = [
    ['commits', number(repository.commits)],
    ['authors', number(repository.authors)],
    ['first commit', repository.firstCommitAt?.slice(0, 10) ?? '–'],
    ['last commit', repository.lastCommitAt?.slice(0, 10) ?? '–'],
  ];
  if (repository.lastError) facts.push([repository.state, repository.lastError]);
  fill(
    byId('totals'),
    facts.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))),
  );
}

/** @param {any[]} authors */
function showAuthors(authors) {
  const most = authors[0]?.commits ?? 1;
  fill(
    byId('authors'),
    authors.map(({ name, email, commits }) =>
      element(
        'li',
        {},
        element('span', { class: 'name', title: email }, name || email || '(no name)'),
        element('progress', { max: String(most), value: String(commits), 'aria-hidden': 'true' }),
        element('span', { class: 'number' }, number(commits)),
      ),
    ),
  );
}

/** @param {any[]} runs */
function showRuns(runs) {
  fill(
    byId('runs'),
    runs.map(run => {
      const tookMs =
        run.finishedAt && run.startedAt ? Date.parse(run.finishedAt) - Date.parse(run.startedAt) : null;
      return element(
        'tr',
        {},
        element('td', {}, run.url),
        element(
          'td',
          run.error ? { class: 'error' } : {},
          run.error ? `${run.state}: ${run.error.message}` : run.state,
        ),
        element('td', { class: 'quiet' }, run.reason),
        element('td', { class: 'number' }, run.summary ? number(run.summary.newCommits) : ''),
        element('td', { class: 'number' }, tookMs === null ? '' : span(tookMs)),
        element('td', { class: 'quiet' }, run.finishedAt ? new Date(run.finishedAt).toLocaleString() : ''),
      );
    }),
  );
}

byId('repository').addEventListener('change', event => {
  chosenRepository = /** @type {HTMLSelectElement} */ (event.target).value;
  void refresh();
});

byId('bake').addEventListener('submit', async event => {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  const url = String(new FormData(form).get('url'));
  const answer = /** @type {HTMLElement} */ (form.querySelector('p'));
  try {
    const run = await ask('/bake', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ url }),
    });
    chosenRepository = run.url;
    answer.className = '';
    answer.textContent = `Run ${run.id} is on its way.`;
    form.reset();
  } catch (error) {
    answer.className = 'error';
    answer.textContent = /** @type {Error} */ (error).message;
  }
  void refresh();
});

byId('sign-in').addEventListener('submit', async event => {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  const token = String(new FormData(form).get('token'));
  const answer = /** @type {HTMLElement} */ (form.querySelector('p'));
  try {
    await ask('/api/v1/session', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ token }),
    });
    answer.textContent = '';
    await refresh();
  } catch (error) {
    answer.textContent = /** @type {Error} */ (error).message;
  }
});

async function keepRefreshing() {
  if (!document.hidden) await refresh();
  setTimeout(keepRefreshing, REFRESH_MS);
}
void keepRefreshing();
