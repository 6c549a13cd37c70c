// @ts-check
// Elements made in code: every text goes in as text, never as markup.

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 * @param {...(Node | string | null | undefined)} children
 */
export function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  for (const child of children) if (child !== null && child !== undefined) made.append(child);
  return made;
}

/**
 * Puts `children` in the place of what was there.
 * @param {Element} parent
 * @param {(Node | string)[]} children
 */
export function fill(parent, children) {
  parent.replaceChildren(...children);
}

/** @param {string} id */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element ${id}`);
  return found;
}

/**
 * A part of a page under a heading of its own.
 * @param {string} title
 * @param {...(Node | string | null)} children
 */
export function panel(title, ...children) {
  const id = `title-${title.toLowerCase().replace(/[^a-z]+/g, '-')}`;
  const heading = element('h2', { id }, title);
  return element('section', { class: 'panel', 'aria-labelledby': id }, heading, ...children);
}

/**
 * @param {string} href
 * @param {string} text
 * @param {Record<string, string>} [attributes]
 */
export function link(href, text, attributes = {}) {
  return element('a', { href, ...attributes }, text);
}

/**
 * Where a host keeps a page; plain text when the address is none that a browser may follow.
 * @param {string} url
 * @param {string} text
 */
export function outward(url, text) {
  if (!/^https?:\/\//.test(url)) return element('span', {}, text);
  return link(url, text, { rel: 'noreferrer' });
}

/** A word about a state, coloured by its kind: good, bad, busy or none. @param {string} text @param {string} kind */
export function state(text, kind = '') {
  return element('span', { class: `state ${kind}` }, text);
}

/**
 * Names and figures, large.
 * @param {HTMLElement} list a `dl`
 * @param {[string, string][]} facts
 */
export function showFacts(list, facts) {
  fill(
    list,
    facts.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))),
  );
}
