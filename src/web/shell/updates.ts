// Whether the station has other pages than these by now: it was updated while they were open.
import { signal } from '@preact/signals';
import { onChange } from '../live/live.ts';

/** These pages are not those that the station has. */
export const isOutdated = signal(false);

const LOOK_MS = 1_000;

/** Names of what this page is made of, which change with what is in them. */
function ownAssets(): readonly string[] {
  const scripts = [...document.querySelectorAll('script[type=module]')].map(one => one.getAttribute('src'));
  const styles = [...document.querySelectorAll('link[rel=stylesheet]')].map(one => one.getAttribute('href'));
  return [...scripts, ...styles].flatMap(name => name ?? []);
}

async function look(): Promise<void> {
  try {
    const response = await fetch('/');
    if (!response.ok) return;
    const text = await response.text();
    const isOther = ownAssets().some(name => !text.includes(name));
    if (isOther && LIVE_RELOAD) location.reload();
    isOutdated.value = isOther;
  } catch {
    // The station is away, which is told elsewhere.
  }
}

/** Looks whenever the station may be another one: when everything is asked for anew. */
export function watchForUpdates(): void {
  if (LIVE_RELOAD) setInterval(() => void look(), LOOK_MS);
  let isFirst = true;
  let isLooking = false;
  onChange([], async () => {
    if (isFirst || isLooking) {
      isFirst = false;
      return;
    }
    isLooking = true;
    await look();
    isLooking = false;
  });
}
