// @ts-check
// What is asked of the station.

/**
 * @typedef {Error & {status?: number, code?: string}} Failure
 */

/**
 * Throws what the station says is wrong, and what to do about it.
 * @param {string} path
 * @param {unknown} [body] posted as JSON
 * @param {string} [method]
 * @returns {Promise<any>}
 */
export async function ask(path, body, method = body === undefined ? 'GET' : 'POST') {
  const headers = { 'Content-Type': 'application/json' };
  const options = body === undefined ? { method } : { method, headers, body: JSON.stringify(body) };
  const response = await fetch(path, options);
  const answer = response.status === 204 ? null : await response.json();
  if (response.ok) return answer;
  const { detail, hint, code } = answer;
  throw Object.assign(new Error(`${detail}. ${hint}`), { status: response.status, code });
}

/**
 * `?a=1&b=2` of those that are given; empty texts are not.
 * @param {Record<string, string | number | boolean | null | undefined>} values
 */
export function query(values) {
  const given = Object.entries(values).filter(
    ([, value]) => value !== null && value !== undefined && value !== '',
  );
  const text = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
  return text === '' ? '' : `?${text}`;
}
