import type { ListPage, Paged } from './paged.ts';
import { count } from './words.ts';

interface PagerProps {
  readonly pages: Paged<ListPage & { readonly total: number }>;
  /** `1 person`, `2 people`. */
  readonly one: string;
  readonly several?: string;
}

/** Where in a list the page is, how much there is in all, and the ways on and back. */
export function Pager({ pages: { value, number, forward, back }, one, several }: PagerProps) {
  if (!value) return null;
  return (
    <div class="pager row">
      <span role="status">
        {count(value.total, one, several)}
        {number > 1 || forward ? `, page ${number}` : ''}
      </span>
      {back ? (
        <button type="button" class="small" onClick={back}>
          Back
        </button>
      ) : null}
      {forward ? (
        <button type="button" class="small" onClick={forward}>
          More
        </button>
      ) : null}
    </div>
  );
}
