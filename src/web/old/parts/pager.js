// @ts-check
// Through a long list page by page: only one page of it is here at a time.
import { element } from './dom.js';

/**
 * @param {() => void} turned the place has changed: ask for that page
 */
export function pager(turned) {
  /** Where each page up to this one began. @type {(string | number)[]} */
  let before = [];
  /** @type {string | number | null} */
  let next = null;
  /** @type {string | number | null} */
  let place = null;
  const back = element('button', { type: 'button', class: 'plain' }, 'Back');
  const on = element('button', { type: 'button', class: 'plain' }, 'More');
  const where = element('span', { class: 'quiet', role: 'status' });
  const bar = element('p', { class: 'pager' }, back, on, where);
  bar.hidden = true;
  back.addEventListener('click', () => {
    const last = before.pop();
    if (last === undefined) return;
    place = last === '' ? null : last;
    turned();
  });
  on.addEventListener('click', () => {
    if (next === null) return;
    before.push(place ?? '');
    place = next;
    turned();
  });
  return {
    element: bar,
    /** Where the page begins that is looked at; null: at the front. */
    place: () => place,
    /** To the front: another list. */
    reset() {
      before = [];
      place = null;
    },
    /**
     * @param {string | number | null} following where the next page begins; null: this is the last
     * @param {string} words
     */
    show(following, words) {
      next = following;
      back.toggleAttribute('disabled', before.length === 0);
      on.toggleAttribute('disabled', next === null);
      where.textContent = before.length === 0 ? words : `${words}, page ${before.length + 1}`;
      const isAlone = before.length === 0 && next === null;
      back.hidden = isAlone;
      on.hidden = isAlone;
      bar.hidden = isAlone && words === '';
    },
  };
}
