import type { OpenForge } from './forge.ts';
import type { ForgeDefinition, ForgeImplementation } from './forge-definition.ts';
import { giteaDefinition } from './gitea/definition.ts';
import { githubDefinition } from './github/definition.ts';
import { gitlabDefinition } from './gitlab/definition.ts';
import type { ForgeWebhooks } from './webhook.ts';

/** Every kind of code host, in the order of messages. The one list of them. */
export const FORGES = [githubDefinition, gitlabDefinition, giteaDefinition] as const;

export type ForgeKind = (typeof FORGES)[number]['kind'];

/** The definition of a kind, which must be one of the list. */
export function forgeDefinition(kind: string): ForgeDefinition {
  const definition = FORGES.find(each => each.kind === kind);
  if (!definition) throw new Error(`there is no kind of code host called ${kind}`);
  return definition;
}

/** The login that an address tells which a code host made up for commits; undefined for any other. Pure. */
export function loginOfAddress(email: string): string | undefined {
  const plain = email.trim().toLowerCase();
  for (const { loginOf } of FORGES) {
    const login = loginOf(plain);
    if (login !== undefined) return login;
  }
  return undefined;
}

/** The implementations of all kinds. */
export interface ForgeImplementations {
  readonly open: OpenForge;
  webhooksOf(kind: ForgeKind): ForgeWebhooks;
}

/** Loads the implementations: of every kind, since a host that everybody knows is open in every station. */
export async function loadForges(): Promise<ForgeImplementations> {
  const loaded = new Map<string, ForgeImplementation>();
  for (const { kind, load } of FORGES) loaded.set(kind, await load());
  const implementationOf = (kind: string): ForgeImplementation => {
    const implementation = loaded.get(kind);
    if (!implementation) throw new Error(`there is no kind of code host called ${kind}`);
    return implementation;
  };
  return {
    open: (settings, dependencies) => implementationOf(settings.kind).open(settings, dependencies),
    webhooksOf: kind => implementationOf(kind).webhooks,
  };
}
