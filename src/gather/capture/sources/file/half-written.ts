/**
 * Whether what stands in a file is JSON that is not written to its end, as long as that can be told: it begins like a
 * JSON object or list and is none, or nothing stands there yet where JSON stood. Pure.
 * @param expected `mustBeJson`: by its name or its collector's format; `hadJson`: it held an object or list before
 */
export function isHalfWritten(
  bytes: Buffer,
  { mustBeJson, hadJson }: { readonly mustBeJson: boolean; readonly hadJson: boolean },
): boolean {
  const text = bytes
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trim();
  if (text === '') return mustBeJson || hadJson;
  return (mustBeJson || /^[{[]/.test(text)) && !isJson(text) && !text.split('\n').every(isJson);
}

/** Of several lines each may be a value of its own. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
