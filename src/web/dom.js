// @ts-check

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children
 */
export function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/**
 * Puts `children` in the place of what was there.
 * @param {Element} parent
 * @param {Node[]} children
 */
export function fill(parent, children) {
  parent.replaceChildren(...children);
}

/** `85,123` as the reader's language has it. @param {number} value */
export function number(value) {
  return value.toLocaleString();
}

/** `840ms`, `3.2s`, `4m`, `3h 5m`. @param {number} ms */
export function span(ms) {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h ${minutes % 60}m` : `${Math.floor(hours / 24)}d ${hours % 24}h`;
}
