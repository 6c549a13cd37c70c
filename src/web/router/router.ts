// Which page is open, and with what: it stands in the address, behind `#/`.
import { computed, signal } from '@preact/signals';

export interface Route {
  /** The first word of the address: '' is the page Now. */
  readonly name: string;
  readonly params: URLSearchParams;
}

const hash = signal(location.hash);
/** How often the reader went to another page, which takes the focus along. */
export const visits = signal(0);

export const route = computed<Route>(() => routeOf(hash.value));

/** `#/deliveries?state=failed` → its name and what comes with it. Pure. */
export function routeOf(text: string): Route {
  const [name = '', search = ''] = text.replace(/^#\/?/, '').split('?', 2);
  return { name, params: new URLSearchParams(search) };
}

/** The address of a page; what is empty or undefined is left out. Pure. */
export function hrefOf(name: string, params: Readonly<Record<string, string | undefined>> = {}): string {
  const given = Object.entries(params).filter(([, value]) => value);
  const text = new URLSearchParams(given as [string, string][]).toString();
  return `#/${name}${text === '' ? '' : `?${text}`}`;
}

/** Changes what the open page was given, in the address too; the page stays open, and no way back is added. */
export function setParams(changed: Readonly<Record<string, string | undefined>>): void {
  const { name, params } = route.value;
  history.replaceState(null, '', hrefOf(name, { ...Object.fromEntries(params), ...changed }));
  hash.value = location.hash;
}

addEventListener('hashchange', () => {
  if (location.hash === '#main') {
    // The way past the navigation, which is no page.
    history.replaceState(null, '', hash.value || '#/');
    document.getElementById('main')?.focus();
  } else if (location.hash !== hash.value) {
    hash.value = location.hash;
    visits.value += 1;
  }
});
