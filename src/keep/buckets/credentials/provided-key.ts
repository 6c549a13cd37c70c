import http from 'node:http';
import https from 'node:https';
import { SluiceError } from '../../../base/errors.ts';
import { nodeAgentOptions } from '../../../base/http-agent.ts';
import type { HttpProxy } from '../../../base/proxy.ts';
import { oneLine } from '../../../base/text.ts';
import { within } from '../../../base/until-aborted.ts';
import { settingOf } from './ini.ts';
import {
  type FiledSection,
  heldKey,
  holdsKey,
  type KeyWay,
  keyWayOf,
  type PlainKey,
  type ProvidedKey,
  sectionsOf,
} from './key.ts';
import { keyOfProgram } from './key-program.ts';
import { Secret } from './secret.ts';

/** A key that holds for a while. */
export interface LentKey {
  readonly key: PlainKey;
  /** undefined: nobody said until when. */
  readonly expiresAtMs: number | undefined;
}

export interface ProvideOptions {
  /** Region of the token service that roles are assumed at. */
  readonly region: string;
  /** Through what the token services are reached. */
  readonly proxy?: HttpProxy | undefined;
  /** Ends the question, and the program that was asked. */
  readonly signal?: AbortSignal;
}

/** As `provideKey` works with them. */
interface AskOptions extends ProvideOptions {
  readonly signal: AbortSignal;
}

type Providers = typeof import('@aws-sdk/credential-providers');
type AwsCredentialIdentityProvider = ReturnType<Providers['fromEnv']>;
type AwsCredentialIdentity = Awaited<ReturnType<AwsCredentialIdentityProvider>>;

/** Longer than a program that asks a person's browser takes, and than metadata services with their retries. */
const PATIENCE_MS = 60_000;
/** Operation of the error when there is no key, so that no request was made. */
export const NO_KEY_OPERATION = 'get a key';
const DEFAULT_ROLE_SECONDS = 3600;

/**
 * Gets a key from whoever gives it out, by the AWS SDK's own providers, which are loaded with the first call. Asks anew
 * each time; who calls keeps the key until it expires.
 * @throws SluiceError bucket_auth_failed that holds the profile, with what to do; the signal's reason
 */
export async function provideKey(provided: ProvidedKey, options: ProvideOptions): Promise<LentKey> {
  const sections = sectionsOf(provided);
  const [section] = sections;
  try {
    const providers = await import('@aws-sdk/credential-providers');
    return await within(PATIENCE_MS, options.signal, async signal => {
      const provider = providerOf(providers, section, sections, { ...options, signal });
      return lentKey(await provider());
    });
  } catch (error) {
    if (options.signal?.aborted) throw options.signal.reason;
    const { from, hint } = keySourceOf(provided);
    throw new SluiceError(
      'bucket_auth_failed',
      `profile "${section.name}": no key from ${from}: ${reasonOf(error)}`,
      {
        operation: NO_KEY_OPERATION,
        subject: section.name,
        answer: 'hold',
        holds: 'profile',
        hint,
        cause: error,
      },
    );
  }
}

/** Who gives out a key, in words, and what to do where none comes. Pure. */
export function keySourceOf(provided: ProvidedKey): { readonly from: string; readonly hint: string } {
  const [section] = sectionsOf(provided);
  const way = keyWayOf(section);
  return { from: sourceWords(section, way), hint: hintOf(section, way) };
}

function providerOf(
  providers: Providers,
  section: FiledSection,
  all: readonly FiledSection[],
  options: AskOptions,
): AwsCredentialIdentityProvider {
  const setting = (key: string): string | undefined => settingOf(section, [key]);
  const clientConfig = {
    region: setting('region') ?? setting('aws_region') ?? options.region,
    ...requestHandlerOf(options.proxy),
  };
  switch (keyWayOf(section)) {
    case 'role':
      return providers.fromTemporaryCredentials({
        masterCredentials: sourceOf(providers, section, all, options),
        params: {
          RoleArn: setting('role_arn') ?? '',
          RoleSessionName: setting('role_session_name') ?? 'sluice',
          ExternalId: setting('external_id'),
          DurationSeconds: Number(setting('duration_seconds') ?? DEFAULT_ROLE_SECONDS),
        },
        clientConfig,
      });
    case 'web-identity':
      return providers.fromTokenFile({
        webIdentityTokenFile: setting('web_identity_token_file'),
        roleArn: setting('role_arn'),
        roleSessionName: setting('role_session_name') ?? 'sluice',
        clientConfig,
      });
    case 'process':
      return () => keyOfProgram(setting('credential_process') ?? '', section.name, options.signal);
    case 'sso': {
      const files = filesOf(section, setting('sso_session') ? 'sso_session' : 'sso_start_url', all);
      return providers.fromSSO({
        profile: section.name,
        ...files,
        clientConfig: requestHandlerOf(options.proxy),
      });
    }
    case 'login':
      return providers.fromLoginCredentials({
        profile: section.name,
        clientConfig,
        ...filesOf(section, 'login_session', all),
      });
    case 'source':
      return fromSource(providers, setting('credential_source') ?? '');
    case undefined: {
      const { accessKeyId, secretAccessKey, sessionToken } = heldKey(section);
      const secrets = { secretAccessKey: secretAccessKey.reveal(), sessionToken: sessionToken?.reveal() };
      return async () => ({ accessKeyId, ...secrets });
    }
  }
}

/** What has a client of the SDK go through a proxy. */
function requestHandlerOf(proxy: HttpProxy | undefined) {
  if (proxy === undefined) return {};
  const agent = nodeAgentOptions(proxy);
  return { requestHandler: { httpAgent: new http.Agent(agent), httpsAgent: new https.Agent(agent) } };
}

/** Whose key a role is assumed with. A profile that names itself holds one. */
function sourceOf(
  providers: Providers,
  section: FiledSection,
  all: readonly FiledSection[],
  options: AskOptions,
): AwsCredentialIdentityProvider {
  const name = settingOf(section, ['source_profile']);
  if (name === undefined) return fromSource(providers, settingOf(section, ['credential_source']) ?? '');
  const source = all.find(one => (one.kind ?? 'profile') === 'profile' && one.name === name);
  if (source === undefined) throw new Error(`source_profile "${name}" is not there`);
  const isItself = source === section && holdsKey(section);
  const asHeld = { ...section, values: new Map([...section.values].filter(([key]) => key !== 'role_arn')) };
  return providerOf(providers, isItself ? asHeld : source, all, options);
}

function fromSource(providers: Providers, source: string): AwsCredentialIdentityProvider {
  if (source === 'Ec2InstanceMetadata')
    return providers.fromInstanceMetadata({ timeout: 2000, maxRetries: 2 });
  if (source === 'EcsContainer') return providers.fromHttp({});
  return providers.fromEnv();
}

/** The files in which the SDK finds what it reads for itself: the profile, and its SSO session. */
function filesOf(section: FiledSection, key: string, all: readonly FiledSection[]) {
  const own = section.paths.get(key) ?? section.path;
  const session = all.find(one => one.kind === 'sso-session');
  return { filepath: own, configFilepath: session?.path ?? own, ignoreCache: true };
}

function lentKey({ accessKeyId, secretAccessKey, sessionToken, expiration }: AwsCredentialIdentity): LentKey {
  return {
    key: {
      accessKeyId,
      secretAccessKey: new Secret(secretAccessKey),
      sessionToken: sessionToken === undefined ? undefined : new Secret(sessionToken),
    },
    expiresAtMs: expiration?.getTime(),
  };
}

function sourceWords(section: FiledSection, way: KeyWay | undefined): string {
  switch (way) {
    case 'role':
      return `the role ${settingOf(section, ['role_arn'])}`;
    case 'web-identity':
      return `the role ${settingOf(section, ['role_arn'])} by its token file`;
    case 'process':
      return 'its credential_process';
    case 'sso':
      return 'single sign-on';
    case 'login':
      return '"aws login"';
    default:
      return settingOf(section, ['credential_source']) ?? 'its source';
  }
}

/** One line. A failed program is reported with its command line, which may hold secrets: not here. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (message.startsWith('Command failed')) return 'the program ended with an error';
  const [first = ''] = message.split(/[\r\n]/, 1);
  return oneLine(first) || 'no reason given';
}

function hintOf(section: FiledSection, way: KeyWay | undefined): string {
  switch (way) {
    case 'sso':
      return `Run "aws sso login --profile ${section.name}" as the user that sluice runs as; the files go by themselves then.`;
    case 'login':
      return `Run "aws login --profile ${section.name}" as the user that sluice runs as; the files go by themselves then.`;
    case 'process':
      return 'Run the program of credential_process by hand, as the user that sluice runs as, to see why.';
    case 'web-identity':
      return 'Look whether the token file is there and fresh, and whether the role trusts it.';
    case 'source':
      return 'Look whether this machine or container has a role, and whether its metadata service can be reached.';
    default:
      return 'Look whether the role exists and trusts the key that it is assumed with.';
  }
}
