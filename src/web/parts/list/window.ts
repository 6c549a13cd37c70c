// Which rows of a long list are on the screen, and where they stand: pure.

/** No browser draws what is much higher: a longer list moves by more than its rows' height for each pixel scrolled. */
const MOST_PX = 15_000_000;
/** Rows beyond either edge of the screen that are there, too, so that none is missing while it scrolls. */
const SPARE = 8;

/** A list and the part of it that is on the screen, in pixels. */
export interface Viewed {
  readonly total: number;
  readonly rowPx: number;
  /** From the top of the list down to the upper edge of what is seen; less than 0 where the list begins below. */
  readonly scrolledPx: number;
  /** The height of what is seen. */
  readonly viewPx: number;
}

/** Rows to be drawn, by their place in the list. */
export interface Window {
  readonly first: number;
  /** The one behind the last. */
  readonly end: number;
  /** Where the first of them stands, from the top of the list. */
  readonly topPx: number;
  /** The first row that is seen, at least in part. */
  readonly seenFirst: number;
}

/** The height of the whole list. */
export function heightPx({ total, rowPx }: Pick<Viewed, 'total' | 'rowPx'>): number {
  return Math.min(MOST_PX, total * rowPx);
}

export function windowOf(viewed: Viewed): Window {
  const { total, rowPx, scrolledPx, viewPx } = viewed;
  const scrolled = Math.min(Math.max(0, scrolledPx), heightPx(viewed));
  const exact = Math.min(Math.max(0, scrolled * scaleOf(viewed)), total);
  const first = Math.max(0, Math.floor(exact) - SPARE);
  const below = Math.min(viewPx, viewPx + scrolledPx);
  // Some are there before the list comes into view.
  const end = Math.min(total, Math.max(SPARE, Math.ceil(exact + below / rowPx) + SPARE));
  return {
    first,
    end,
    topPx: scrolled - (exact - first) * rowPx,
    // What is less than a pixel of a row is not seen, and would lead back by a row each time the window changes.
    seenFirst: Math.min(Math.floor(exact + 1 / rowPx), Math.max(0, total - 1)),
  };
}

/** How far to scroll so that a row is seen, by no more than is needed. @param sparePx room below it */
export function scrolledTo(index: number, viewed: Viewed, sparePx: number): number {
  const { rowPx, scrolledPx, viewPx } = viewed;
  const scale = scaleOf(viewed);
  const exact = scrolledPx * scale;
  const lowest = index + 1 - (viewPx - sparePx) / rowPx;
  if (exact > index) return index / scale;
  return exact < lowest ? lowest / scale : scrolledPx;
}

/** Rows for each pixel scrolled: so many that the last one is seen at the end. */
function scaleOf({ total, rowPx, viewPx }: Viewed): number {
  if (total * rowPx <= MOST_PX) return 1 / rowPx;
  return (total - viewPx / rowPx) / (MOST_PX - viewPx);
}
