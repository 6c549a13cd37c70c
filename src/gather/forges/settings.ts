import type { Config } from '../../config/schema.ts';
import type { ForgeCredential, ForgeKind, ForgeSettings } from './forge.ts';

/** Hosts whose kind needs no telling. */
const KNOWN: Readonly<Record<string, ForgeKind>> = {
  'github.com': 'github',
  'gitlab.com': 'gitlab',
  'gitea.com': 'gitea',
  'codeberg.org': 'gitea',
};

/**
 * The code hosts that the configuration names, and those that everybody knows (without credentials where none
 * are set). Entries of `hosts:` whose kind is neither set nor known are for git alone and left out.
 * @param timeoutMs after which a call without an answer ends
 */
export function forgeSettings({ hosts }: Pick<Config, 'hosts'>, timeoutMs: number): ForgeSettings[] {
  const names = new Set([...Object.keys(KNOWN), ...Object.keys(hosts)]);
  return [...names].flatMap(host => {
    const given = hosts[host];
    const kind = given?.kind ?? KNOWN[host];
    if (kind === undefined) return [];
    const settings: ForgeSettings = {
      kind,
      host,
      baseUrl: given?.baseUrl ?? `https://${host}`,
      credentials: credentialsOf(given),
      webhookSecret: given?.webhookSecret,
      timeoutMs,
    };
    return [settings];
  });
}

/** `token` and `tokens` are numbered through; the numbers name them in messages and metrics. */
function credentialsOf(given: Config['hosts'][string] | undefined): ForgeCredential[] {
  if (given === undefined) return [];
  const { token, tokens, app } = given;
  const all = [...(token === undefined ? [] : [token]), ...tokens];
  const credentials: ForgeCredential[] = [...new Set(all)].map((each, index) => ({
    kind: 'token',
    id: `token-${index + 1}`,
    token: each,
  }));
  if (app?.id !== undefined && app.installation !== undefined && app.privateKey !== undefined) {
    credentials.push({
      kind: 'app',
      id: `app-${app.id}`,
      appId: String(app.id),
      privateKey: app.privateKey,
      installationId: app.installation,
    });
  }
  return credentials;
}
