import { createHash } from 'node:crypto';
import type { Config } from '../../config/schema.ts';
import { FORGES, forgeDefinition } from './definitions.ts';
import type { ForgeCredential, ForgeSettings } from './forge.ts';
import type { ForgeDefinition } from './forge-definition.ts';

/** Hosts whose kind needs no telling. */
const KNOWN: ReadonlyMap<string, ForgeDefinition> = new Map(
  FORGES.flatMap(forge => forge.knownHosts.map(host => [host, forge] as const)),
);

/**
 * The code hosts that the configuration names, and those that everybody knows (without credentials where none
 * are set). Entries of `hosts:` whose kind is neither set nor known are for git alone and left out.
 * @param timeoutMs after which a call without an answer ends
 */
export function forgeSettings({ hosts }: Pick<Config, 'hosts'>, timeoutMs: number): ForgeSettings[] {
  const names = new Set([...KNOWN.keys(), ...Object.keys(hosts)]);
  return [...names].flatMap(host => {
    const given = hosts[host];
    const forge = given?.kind === undefined ? KNOWN.get(host) : forgeDefinition(given.kind);
    if (!forge) return [];
    const baseUrl = given?.baseUrl ?? `https://${host}`;
    const settings: ForgeSettings = {
      kind: forge.kind,
      host,
      baseUrl,
      apiUrl: forge.apiUrlOf(baseUrl),
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
  const secrets = [...(token === undefined ? [] : [token]), ...tokens];
  const credentials: ForgeCredential[] = [...new Set(secrets)].map((each, index) => ({
    kind: 'token',
    id: `token-${index + 1}`,
    identity: identityOf(each),
    token: each,
  }));
  if (app?.id === undefined || app.privateKey === undefined) return credentials;
  const { id, privateKey, installation, installations } = app;
  const all = [
    ...(installation === undefined ? [] : [[undefined, installation] as const]),
    ...Object.entries(installations),
  ];
  for (const [owner, installationId] of all) {
    credentials.push({
      kind: 'app',
      id: owner === undefined ? `app-${id}` : `app-${id} for ${owner}`,
      identity: `app-${id}-${installationId}`,
      appId: String(id),
      privateKey,
      installationId,
      owner,
    });
  }
  return credentials;
}

/** Short, so that it tells nobody what the secret is, and long enough to tell a few secrets apart. */
function identityOf(secret: string): string {
  return `token-${createHash('sha256').update(secret).digest('hex').slice(0, 8)}`;
}
