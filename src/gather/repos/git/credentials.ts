/** What a host asks for over HTTP. Forges take any user name with a token. */
export interface HttpCredentials {
  readonly username: string;
  readonly token: string;
}

/** What makes git answer a server that asks for credentials. */
export interface CredentialAccess {
  /** Options before the subcommand; they hold no secret. */
  readonly config: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Run by git's shell when the server has asked, and only then; `get` is the question (gitcredentials(7)). */
const HELPER =
  '!f() { test "$1" = get && printf \'username=%s\\npassword=%s\\n\' "$SLUICE_GIT_USERNAME" "$SLUICE_GIT_TOKEN"; }; f';

/**
 * Has git answer one origin, and no other, once it asks (401): what is public is fetched without. Never as arguments,
 * which other users of the machine read, and never in the clone's configuration.
 * @param url of the remote; only its scheme, host and port count
 */
export function credentialAccess(url: string, { username, token }: HttpCredentials): CredentialAccess {
  return {
    config: ['-c', `credential.${new URL(url).origin}.helper=${HELPER}`],
    env: { SLUICE_GIT_USERNAME: username, SLUICE_GIT_TOKEN: token },
  };
}
