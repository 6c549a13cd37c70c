// @ts-check
/** @type {import('../app.js').Opener} */
export function open() {
  return { async refresh() {} };
}
