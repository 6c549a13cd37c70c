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
  history.replaceState(history.state, '', hrefOf(name, { ...Object.fromEntries(params), ...changed }));
  hash.value = location.hash;
}

/**
 * Opens something beside what the page shows; the way back closes it. Where something is open already, or was in the same
 * step of the way, that is replaced.
 * @param param what says in the address which
 */
export function openBeside(param: string, value: string): void {
  const { name, params } = route.value;
  if (!params.has(param) && opened() !== param) {
    const href = hrefOf(name, { ...Object.fromEntries(params), [param]: value });
    history.pushState({ opened: param }, '', href);
    hash.value = location.hash;
  } else setParams({ [param]: value });
  openedBefore = opened();
}

/** What the step of the way that the reader is at opened beside a page. */
function opened(): string | undefined {
  return (history.state as { readonly opened?: string } | null)?.opened;
}

let openedBefore = opened();

/** Whether two addresses show the same but for what is open beside it, and where the keys are. Pure. */
export function isBeside(one: Route, other: Route, param: string): boolean {
  const rest = ({ name, params }: Route): string =>
    hrefOf(name, { ...Object.fromEntries(params), [param]: undefined, at: undefined, row: undefined });
  return rest(one) === rest(other);
}

addEventListener('hashchange', () => {
  if (location.hash === '#main') {
    // The way past the navigation, which is no page.
    history.replaceState(null, '', hash.value || '#/');
    document.getElementById('main')?.focus();
  } else if (location.hash !== hash.value) {
    const before = route.value;
    const param = opened() ?? openedBefore;
    hash.value = location.hash;
    // Nothing but what was beside it came or went: the reader is where they were.
    if (param === undefined || !isBeside(before, route.value, param)) visits.value += 1;
  }
  openedBefore = opened();
});
