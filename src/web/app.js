// @ts-check
// The first page: what is running, one repository's commits and top authors, recent runs.
// Speaks only HTTP with the station; every text goes in as text, never as markup.
import { columnChart } from './chart.js';
import { element, fill, number, span } from './dom.js';
import { askInsights } from './insights.js';

const REFRESH_MS = 2_000;
const AUTHORS_SHOWN = 10;
const NEXT_SHOWN = 3;
/** Two years; a longer history is shown by month, too. */
const WEEKS_SHOWN = 104;

/** @param {string} id */
const byId = id => /** @type {HTMLElement} */ (document.getElementById(id));

const weekChart = columnChart(byId('commits'), byId('commits-note'));
const monthChart = columnChart(byId('months'), byId('months-note'));
/** @type {string | null} */
let chosenRepository = null;
let drawnFor = '';

/**
 * @param {string} path
 * @param {unknown} [body] posted as JSON
 * @returns {Promise<any>}
 */
async function ask(path, body) {
  const headers = { 'Content-Type': 'application/json' };
  const options = body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) };
  const response = await fetch(path, options);
  const answer = response.status === 204 ? null : await response.json();
  if (response.ok) return answer;
  throw Object.assign(new Error(`${answer.detail}. ${answer.hint}`), { status: response.status });
}

async function refresh() {
  try {
    const [status, { repositories }, { runs }] = await Promise.all([
      ask('/api/v1/status'),
      ask('/api/v1/repos'),
      ask('/api/v1/runs?limit=15'),
    ]);
    showSignIn(false);
    showStation(status);
    showNow(status);
    showRuns(runs);
    await showRepository(repositories);
  } catch (error) {
    showFailure(/** @type {Error & {status?: number}} */ (error));
  }
}

/** @param {boolean} wanted */
function showSignIn(wanted) {
  byId('sign-in').hidden = !wanted;
  byId('pages').hidden = wanted;
}

/** @param {Error & {status?: number}} error */
function showFailure(error) {
  if (error.status === 401) {
    showSignIn(true);
    byId('station').textContent = 'this station asks for its token';
    return;
  }
  const text = error.status ? error.message : 'the station does not answer';
  fill(byId('station'), [element('span', { class: 'error' }, text)]);
}

/** @param {any} status */
function showStation({ station, schedule, disk }) {
  const free = `${(disk.freeBytes / 2 ** 30).toFixed(1)} GiB free`;
  const due = schedule.due ? `${schedule.due} due, behind ${span(schedule.behindS * 1000)}` : 'nothing due';
  byId('station').textContent =
    `version ${station.version} · up ${span(station.uptimeS * 1000)} · ${due} · ${free}`;
}

/** @param {any} status */
function showNow({ repos, schedule }) {
  const baking = repos.baking.map((/** @type {any} */ bake) =>
    nowRow('now', 'busy', bake.url, bake.progress || bake.phase),
  );
  const next = schedule.next.slice(0, NEXT_SHOWN).map((/** @type {any} */ item) => {
    const waitMs = Date.parse(item.at) - Date.now();
    return nowRow(waitMs > 0 ? `in ${span(waitMs)}` : 'due', '', item.target, item.reason);
  });
  fill(byId('now'), [...baking, ...next]);
}

/**
 * @param {string} when
 * @param {string} kind
 * @param {string} what
 * @param {string} why
 */
function nowRow(when, kind, what, why) {
  return element(
    'li',
    {},
    element('span', { class: `when ${kind}` }, when),
    element('span', { class: 'what' }, what),
    element('span', { class: 'quiet' }, why),
  );
}

/** @param {any[]} repositories */
async function showRepository(repositories) {
  byId('repository-section').hidden = repositories.length === 0;
  if (repositories.length === 0) return;
  const select = /** @type {HTMLSelectElement} */ (byId('repository'));
  const urls = repositories.map(({ url }) => url);
  if (chosenRepository === null || !urls.includes(chosenRepository))
    chosenRepository = freshest(repositories);
  if (urls.join('\n') !== [...select.options].map(({ value }) => value).join('\n')) {
    fill(
      select,
      urls.map(url => element('option', { value: url }, url)),
    );
  }
  select.value = chosenRepository ?? '';
  const repository = repositories.find(({ url }) => url === chosenRepository);
  const withoutBots = /** @type {HTMLInputElement} */ (byId('without-bots')).checked;
  const state = JSON.stringify([repository, withoutBots]);
  if (state === drawnFor) return;
  const scope = `repo=${encodeURIComponent(repository.url)}${withoutBots ? '&bots=exclude' : ''}`;
  const [{ periods: weeks }, { periods: byMonth }, { authors }, showInsights] = await Promise.all([
    ask(`/api/v1/insights/commits?by=week&${scope}`),
    ask(`/api/v1/insights/commits?by=month&${scope}`),
    ask(`/api/v1/insights/authors?limit=${AUTHORS_SHOWN}&${scope}`),
    askInsights(ask, scope),
  ]);
  // Another one may have been chosen while these came.
  if (repository.url !== chosenRepository) return;
  drawnFor = state;
  showTotals(repository);
  byId('history').hidden = weeks.length === 0;
  const isLong = weeks.length > WEEKS_SHOWN;
  byId('commits-title').textContent = isLong
    ? `Commits per week, the last ${WEEKS_SHOWN}`
    : 'Commits per week';
  weekChart.show(weeks.slice(-WEEKS_SHOWN), 'week');
  byId('months-part').hidden = !isLong;
  if (isLong) monthChart.show(byMonth, 'month');
  showAuthors(authors);
  showInsights();
}

/** The repository that was baked last. @param {any[]} repositories */
function freshest(repositories) {
  const [first] = [...repositories].sort((one, other) =>
    String(other.lastBakedAt ?? '').localeCompare(String(one.lastBakedAt ?? '')),
  );
  return first.url;
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
  fill(
    byId('totals'),
    facts.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))),
  );
  byId('repository-error').hidden = repository.lastError === null;
  byId('repository-error').textContent = `${repository.state}: ${repository.lastError}`;
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
  byId('runs-section').hidden = runs.length === 0;
  fill(byId('runs'), runs.map(runRow));
}

/** @param {any} run */
function runRow(run) {
  const tookMs =
    run.finishedAt && run.startedAt ? Date.parse(run.finishedAt) - Date.parse(run.startedAt) : null;
  const why = element('div', { class: run.error ? 'error' : 'quiet' }, run.error?.message ?? run.reason);
  return element(
    'tr',
    {},
    element('td', { 'data-label': 'Repository' }, element('div', { class: 'what' }, run.url), why),
    element('td', { 'data-label': 'State' }, element('span', { class: `state ${run.state}` }, run.state)),
    cell('New commits', run.summary ? number(run.summary.newCommits) : '–'),
    cell('Took', tookMs === null ? '–' : span(tookMs)),
    cell(
      'Ended',
      run.finishedAt ? `${span(Date.now() - Date.parse(run.finishedAt))} ago` : '–',
      run.finishedAt,
    ),
  );
}

/**
 * @param {string} label
 * @param {string} text
 * @param {string | null} [title]
 */
function cell(label, text, title) {
  return element('td', { class: 'number', 'data-label': label, title: title ?? '' }, text);
}

byId('repository').addEventListener('change', event => {
  chosenRepository = /** @type {HTMLSelectElement} */ (event.target).value;
  void refresh();
});

byId('without-bots').addEventListener('change', () => void refresh());

/**
 * Sends a form by `send`; what it answers, or what went wrong, is shown below the form.
 * @param {string} id
 * @param {(fields: FormData) => Promise<string>} send
 */
function onSubmit(id, send) {
  const form = /** @type {HTMLFormElement} */ (byId(id));
  const answer = /** @type {HTMLElement} */ (form.querySelector('p'));
  form.addEventListener('submit', async event => {
    event.preventDefault();
    try {
      answer.textContent = await send(new FormData(form));
      answer.className = 'quiet';
      form.reset();
    } catch (error) {
      answer.textContent = /** @type {Error} */ (error).message;
      answer.className = 'error';
    }
    void refresh();
  });
}

onSubmit('bake', async fields => {
  const run = await ask('/bake', { url: fields.get('url') });
  chosenRepository = run.url;
  return `Run ${run.id} is on its way.`;
});
onSubmit('sign-in', async fields => {
  await ask('/api/v1/session', { token: fields.get('token') });
  return '';
});

async function keepRefreshing() {
  if (!document.hidden) await refresh();
  setTimeout(keepRefreshing, REFRESH_MS);
}
void keepRefreshing();
