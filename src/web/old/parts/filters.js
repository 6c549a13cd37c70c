// @ts-check
// What a list is narrowed by. It stands in the address, so that a link leads to the same list.
import { element } from './dom.js';

const TYPING_MS = 250;

/**
 * @typedef {{
 *   readonly name: string,
 *   readonly label: string,
 *   readonly options?: readonly (readonly [value: string, text: string])[],
 * }} Field a choice where there are options, else a text
 */

/**
 * @param {string} path of the page
 * @param {URLSearchParams} params as in the address
 * @param {readonly Field[]} fields
 * @param {() => void} changed
 */
export function filters(path, params, fields, changed) {
  const form = element('form', { class: 'filters', role: 'search' });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  for (const field of fields) {
    const input = inputOf(field, params.get(field.name) ?? '');
    form.append(element('label', {}, field.label, ' ', input));
  }
  const apply = () => {
    clearTimeout(timer);
    const text = new URLSearchParams(given()).toString();
    history.replaceState(null, '', text === '' ? path : `${path}?${text}`);
    changed();
  };
  const given = () =>
    [...new FormData(/** @type {HTMLFormElement} */ (form))]
      .map(([name, value]) => [name, String(value)])
      .filter(([, value]) => value !== '');
  form.addEventListener('submit', event => {
    event.preventDefault();
    apply();
  });
  form.addEventListener('change', apply);
  form.addEventListener('input', event => {
    if (!(event.target instanceof HTMLInputElement)) return;
    clearTimeout(timer);
    timer = setTimeout(apply, TYPING_MS);
  });
  return {
    element: form,
    /** @returns {Record<string, string>} those that are given */
    values: () => Object.fromEntries(given()),
  };
}

/** @param {Field} field @param {string} value */
function inputOf({ name, options }, value) {
  if (!options)
    return element('input', { type: 'search', name, value, autocomplete: 'off', spellcheck: 'false' });
  const select = element('select', { name });
  for (const [key, text] of options) {
    const option = element('option', { value: key }, text);
    if (key === value) option.setAttribute('selected', '');
    select.append(option);
  }
  return select;
}
