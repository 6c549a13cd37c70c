// @ts-check
// Lists that are refreshed under the reader's hands: a row that has not changed is left alone, one that has keeps the
// focus, and none changes while something in the list is pressed.

/** What is pressed now: a click comes only where it is pressed and let go in the same element. @type {Node | null} */
let pressed = null;
/** Lists that wait until it is let go. @type {Map<Element, () => void>} */
const waiting = new Map();

addEventListener('pointerdown', event => {
  pressed = /** @type {Node} */ (event.target);
});
for (const end of ['pointerup', 'pointercancel']) {
  addEventListener(end, () => {
    // The click itself is still to come.
    setTimeout(() => {
      pressed = null;
      const shows = [...waiting.values()];
      waiting.clear();
      for (const show of shows) show();
    });
  });
}

/**
 * @template T
 * @param {Element} parent
 * @param {(item: T) => string} keyOf
 * @param {(item: T) => HTMLElement} make
 * @returns {(items: readonly T[]) => void} shows these, in this order; once it is let go where something is pressed in it
 */
export function keyedRows(parent, keyOf, make) {
  /** @type {Map<string, {text: string, row: HTMLElement}>} */
  let known = new Map();
  /** @param {readonly T[]} items */
  const show = items => {
    if (parent.contains(pressed)) {
      waiting.set(parent, () => show(items));
      return;
    }
    waiting.delete(parent);
    /** @type {typeof known} */
    const next = new Map();
    const focused = placeOfFocus(parent);
    for (const item of items) {
      const key = keyOf(item);
      const text = JSON.stringify(item);
      const before = known.get(key);
      next.set(key, before?.text === text ? before : { text, row: make(item) });
    }
    const rows = [...next.values()].map(({ row }) => row);
    const isSame =
      rows.length === parent.children.length && rows.every((row, at) => row === parent.children[at]);
    const made = focused && next.get(focused.key(known))?.row;
    known = next;
    if (isSame) return;
    parent.replaceChildren(...rows);
    if (!focused || parent.contains(document.activeElement)) return;
    if (made) focused.restore(made);
    // Gone: not to another row, which the next key would then act upon.
    else stay(parent);
  };
  return show;
}

/** Keeps the place of the focus, so that the next Tab goes on from here. @param {Element} parent */
function stay(parent) {
  const place = /** @type {HTMLElement | null} */ (parent.closest('section'));
  place?.setAttribute('tabindex', '-1');
  place?.focus({ preventScroll: true });
}

/** What in which row has the focus, if any has. @param {Element} parent */
function placeOfFocus(parent) {
  const active = document.activeElement;
  if (!active || active === parent || !parent.contains(active)) return undefined;
  const row = [...parent.children].find(child => child.contains(active));
  const at = row ? focusable(row).indexOf(/** @type {HTMLElement} */ (active)) : -1;
  return {
    /** @param {Map<string, {row: HTMLElement}>} known */
    key: known => [...known].find(([, { row: one }]) => one === row)?.[0] ?? '',
    /** @param {HTMLElement} made */
    restore: made => focusable(made)[at]?.focus(),
  };
}

/** @param {Element} row @returns {HTMLElement[]} */
function focusable(row) {
  return [...row.querySelectorAll('a, button, input, select, summary')].map(
    found => /** @type {HTMLElement} */ (found),
  );
}
