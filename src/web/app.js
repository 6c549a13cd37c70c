// @ts-check
// The frame of the pages: which one is open, what stands above it, and when it is looked at anew.
import { onDone, onSubmit, say } from './parts/act.js';
import { ask } from './parts/api.js';
import { byId, element, fill, link } from './parts/dom.js';
import { bytes, number, span } from './parts/words.js';

const REFRESH_MS = 2_000;

/**
 * An open page. What it is handed is the station's status as `/api/v1/status` answers, which is on its way.
 * @typedef {{
 *   refresh(asked: Promise<any>): Promise<void>,
 *   close?(): void,
 * }} OpenPage
 * @typedef {(root: HTMLElement, params: URLSearchParams, refresh: () => void) => OpenPage} Opener
 * @typedef {{
 *   readonly title: string,
 *   readonly load: () => Promise<{open: Opener}>,
 *   readonly badge?: (status: any) => number,
 *   readonly below?: string,
 * }} Place `badge`: how many want looking at; `below`: the place in the navigation that it belongs to
 */

/** @type {Readonly<Record<string, Place>>} */
const PLACES = {
  '': { title: 'Now', load: () => import('./pages/now.js') },
  schedule: { title: 'Schedule', load: () => import('./pages/schedule.js') },
  repositories: {
    title: 'Repositories',
    load: () => import('./pages/repositories.js'),
    badge: ({ repos }) => repos.failing,
  },
  repository: {
    title: 'Repository',
    load: () => import('./pages/repository.js'),
    below: 'repositories',
  },
  people: { title: 'People', load: () => import('./pages/people.js') },
  changesets: {
    title: 'Changesets',
    load: () => import('./pages/changesets.js'),
    badge: ({ changesets }) => changesets.failing,
  },
  deliveries: {
    title: 'Deliveries',
    load: () => import('./pages/deliveries.js'),
    badge: ({ deliveries }) => deliveries.failed,
  },
  capture: {
    title: 'Capture',
    load: () => import('./pages/capture.js'),
    badge: ({ capture }) => capture.lost.files,
  },
};

/** @type {OpenPage | undefined} */
let opened;
let openedAs = '';
let turn = 0;

/** Which page the address means, with what. */
function here() {
  const [path = '', search = ''] = location.hash.replace(/^#\/?/, '').split('?', 2);
  return { name: path in PLACES ? path : '', params: new URLSearchParams(search) };
}

/** Opens what the address says. @param {boolean} moved the reader went there: the focus goes along */
async function openPage(moved) {
  const { name, params } = here();
  const place = PLACES[name];
  const mine = ++turn;
  if (!place) return;
  const { open } = await place.load();
  if (mine !== turn) return;
  opened?.close?.();
  const root = element('div', { class: `page ${name || 'now'}` });
  fill(byId('page'), [root]);
  say('');
  opened = open(root, params, () => void refresh());
  openedAs = location.hash;
  document.title = name === '' ? 'sluice' : `${place.title} · sluice`;
  showPlaces(place.below ?? name);
  if (moved) {
    scrollTo(0, 0);
    byId('main').focus({ preventScroll: true });
  }
  await refresh();
}

/** @param {string} current */
function showPlaces(current) {
  fill(
    byId('pages-list'),
    Object.entries(PLACES)
      .filter(([, { below }]) => below === undefined)
      .map(([name, { title }]) => {
        const attributes = name === current ? { 'aria-current': 'page' } : undefined;
        const badge = element('span', { class: 'badge', id: `badge-${name}` });
        badge.hidden = true;
        const anchor = link(`#/${name}`, title, attributes);
        anchor.append(badge);
        return element('li', {}, anchor);
      }),
  );
}

let refreshing = false;
let again = false;

/** One at a time; who asks meanwhile gets another. */
async function refresh() {
  again = true;
  if (refreshing) return;
  refreshing = true;
  try {
    while (again) {
      again = false;
      const asked = ask('/api/v1/status');
      const page = opened?.refresh(asked);
      const shown = asked.then(status => {
        showSignIn(false);
        showStation(status);
        showBadges(status);
      });
      await Promise.all([shown, page]);
    }
  } catch (error) {
    showFailure(/** @type {Error & {status?: number}} */ (error));
  } finally {
    refreshing = false;
  }
}

/** @param {boolean} wanted */
function showSignIn(wanted) {
  byId('sign-in').hidden = !wanted;
  byId('page').hidden = wanted;
}

/** @param {Error & {status?: number}} error */
function showFailure(error) {
  const { status } = error;
  if (status === 401) {
    showSignIn(true);
    byId('station').textContent = 'this station asks for its token';
    return;
  }
  // Anything but an answer or a lost connection is a fault of the page, for the browser's console.
  if (status === undefined && !(error instanceof TypeError && /fetch|network/i.test(error.message)))
    console.error(error);
  const text = status === undefined ? 'the station does not answer' : error.message;
  fill(byId('station'), [element('span', { class: 'error' }, text)]);
}

/** @param {any} status */
function showStation({ station, schedule, disk }) {
  const due = schedule.due ? `${number(schedule.due)} due, behind ${span(schedule.behindMs)}` : 'nothing due';
  const up = `version ${station.version} · up ${span(station.uptimeMs)}`;
  byId('station').textContent = `${up} · ${due} · ${bytes(disk.freeBytes)} free`;
}

/** @param {any} status */
function showBadges(status) {
  for (const [name, { badge }] of Object.entries(PLACES)) {
    const shown = document.getElementById(`badge-${name}`);
    if (!shown || !badge) continue;
    const wanting = badge(status);
    shown.hidden = wanting === 0;
    const text = wanting > 999 ? '999+' : String(wanting);
    if (shown.textContent !== text) shown.textContent = text;
    shown.title = `${number(wanting)} to look at`;
  }
}

onSubmit(byId('sign-in'), async fields => {
  await ask('/api/v1/session', { token: fields.get('token') });
  return '';
});
onDone(() => void refresh());

addEventListener('hashchange', () => {
  if (location.hash === '#main') {
    history.replaceState(null, '', openedAs || '#/');
    byId('main').focus();
  } else if (location.hash !== openedAs) void openPage(true);
});

async function keepRefreshing() {
  if (!document.hidden) await refresh();
  setTimeout(keepRefreshing, REFRESH_MS);
}

await openPage(false);
setTimeout(keepRefreshing, REFRESH_MS);
