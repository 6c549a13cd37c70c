/**
 * JSON in which no character can steer a terminal: DEL, the C1 controls, and what turns the direction of text or ends a
 * line are escaped, which JSON leaves as they are. It means the same. Pure.
 */
export function escapeForTerminal(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * As `escapeForTerminal`, for JSON whose texts are shown to people as they are: its escaped controls become U+FFFD. Pure.
 */
export function withoutControls(json: string): string {
  return escapeForTerminal(json).replace(/\\(?:u[0-9a-f]{4}|.)/gi, escaped =>
    /^\\(?:u00[01]|u007f|u00[89]|u202[89a-e]|u206[6-9]|[bfr]$)/i.test(escaped) ? '\ufffd' : escaped,
  );
}
