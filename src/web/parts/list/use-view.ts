import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

/** The part of a list that is on the screen, in pixels; see `Viewed`. */
export interface ScreenView {
  readonly rowPx: number;
  readonly scrolledPx: number;
  readonly viewPx: number;
}

/**
 * Where a list is on the screen, as the page scrolls. While its rows are read, what stands above it may grow: they stay
 * where they are on the screen.
 * @param head stays at the upper edge of the screen, over the rows
 * @param body the list's rows, whatever is drawn of them
 * @param probe as high as a row is
 */
export function useView(
  head: RefObject<HTMLElement | null>,
  body: RefObject<HTMLElement | null>,
  probe: RefObject<HTMLElement | null>,
): { readonly view: ScreenView | undefined; readonly look: () => ScreenView | undefined } {
  const [view, setView] = useState<ScreenView>();
  const before = useRef({ topPx: 0, isRead: false });
  const look = (): ScreenView | undefined => {
    if (!head.current || !body.current || !probe.current) return undefined;
    const coveredPx = head.current.offsetHeight;
    const topPx = body.current.getBoundingClientRect().top + scrollY;
    const grownPx = before.current.isRead ? topPx - before.current.topPx : 0;
    // A long way down, places are not exact to the pixel.
    if (Math.abs(grownPx) > 1) scrollBy({ top: grownPx, behavior: 'instant' });
    const now = {
      rowPx: Number.parseFloat(getComputedStyle(probe.current).height),
      scrolledPx: coveredPx - body.current.getBoundingClientRect().top,
      viewPx: innerHeight - coveredPx,
    };
    before.current = {
      topPx: Math.abs(grownPx) > 1 || !before.current.isRead ? topPx : before.current.topPx,
      isRead: now.scrolledPx > 0,
    };
    setView(last => (last && isSame(last, now) ? last : now));
    return now;
  };
  useLayoutEffect(() => {
    look();
  });
  useEffect(() => {
    const watched = new ResizeObserver(look);
    // What stands above it may grow, too.
    for (const element of [document.body, probe.current]) if (element) watched.observe(element);
    addEventListener('scroll', look, { passive: true });
    addEventListener('resize', look);
    return () => {
      watched.disconnect();
      removeEventListener('scroll', look);
      removeEventListener('resize', look);
    };
  }, []);
  return { view, look };
}

function isSame(a: ScreenView, b: ScreenView): boolean {
  return a.rowPx === b.rowPx && a.scrolledPx === b.scrolledPx && a.viewPx === b.viewPx;
}
