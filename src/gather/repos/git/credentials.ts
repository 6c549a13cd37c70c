/** What a host asks for over HTTP. Forges take any user name with a token. */
export interface HttpCredentials {
  readonly username: string;
  readonly token: string;
}

/**
 * Environment that makes git send credentials to one origin and no other. Never as arguments, which other
 * users of the machine read, and never in the clone's configuration (git-config(1), GIT_CONFIG_COUNT,
 * since 2.31).
 * @param url of the remote; only its scheme, host and port count
 */
export function credentialEnvironment(
  url: string,
  credentials: HttpCredentials,
): Readonly<Record<string, string>> {
  const { origin } = new URL(url);
  const basic = Buffer.from(`${credentials.username}:${credentials.token}`).toString('base64');
  return {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: `http.${origin}/.extraHeader`,
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
  };
}
