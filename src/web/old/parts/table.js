// @ts-check
// A table of things that come and go. On a phone each row is a block of its own, and what its columns say stands
// before each figure.
import { element } from './dom.js';
import { keyedRows } from './rows.js';

/**
 * @template T
 * @typedef {{
 *   readonly title: string,
 *   readonly kind?: 'number' | 'main' | 'act',
 *   cell(item: T): Node | string | null,
 * }} Column `main`: stands alone on a phone; `act`: what can be done, without a title
 */

/**
 * @template T
 * @param {{
 *   readonly caption: string,
 *   readonly columns: readonly Column<T>[],
 *   readonly keyOf: (item: T) => string,
 *   readonly empty: Node | string,
 * }} about `empty`: what is said, and what to do, where there is nothing
 */
export function table({ caption, columns, keyOf, empty }) {
  const heads = columns.map(({ title, kind = '' }) =>
    element('th', { scope: 'col', class: kind }, kind === 'act' ? hidden(title) : title),
  );
  const body = element('tbody', {});
  const grid = element(
    'table',
    {},
    element('caption', { class: 'hidden' }, caption),
    element('thead', {}, element('tr', {}, ...heads)),
    body,
  );
  const nothing = element('p', { class: 'empty' }, empty);
  nothing.hidden = true;
  grid.hidden = true;
  const show = keyedRows(body, keyOf, (/** @type {T} */ item) =>
    element(
      'tr',
      {},
      ...columns.map(column =>
        element('td', { class: column.kind ?? '', 'data-label': column.title }, column.cell(item)),
      ),
    ),
  );
  return {
    element: element('div', { class: 'table' }, grid, nothing),
    /** @param {readonly T[]} items */
    show(items) {
      grid.hidden = items.length === 0;
      nothing.hidden = items.length > 0;
      show(items);
    },
  };
}

/** For those who hear the page. @param {string} text */
export function hidden(text) {
  return element('span', { class: 'hidden' }, text);
}
