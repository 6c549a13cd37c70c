import type { Given } from '../api/operations.ts';
import { asSluiceError, SluiceError } from '../base/errors.ts';
import { formatDuration } from '../base/units.ts';
import type { Config } from '../config/schema.ts';
import { unlimitedBudget } from '../engine/call-budgets/call-budget.ts';
import type { QueueItem } from '../engine/queue/work-queue.ts';
import { type FollowContext, followByHand, unfollow } from '../gather/changesets/following/follow.ts';
import { CodeHosts } from '../gather/changesets/hosts/code-hosts.ts';
import {
  type ListedChangeset,
  type ListedHold,
  listedChangeset,
} from '../gather/changesets/listed-changeset.ts';
import { forgeSettings } from '../gather/forges/settings.ts';
import {
  CHANGESET_STATES,
  type ChangesetFilter,
  type ChangesetPlace,
  changesetPlace,
  type StoredChangeset,
} from '../keep/store/changesets.ts';
import type { Cli, GlobalOptions } from './cli.ts';
import { rowsAsked, someMoreLine } from './list-page.ts';
import { load } from './load.ts';
import { askStation } from './station-client.ts';
import { withExistingStores, withStores } from './stores.ts';
import { jsonText, printable, styleFor } from './terminal.ts';

type Options = GlobalOptions & { readonly json?: boolean };

export interface ChangesetListOptions extends Options {
  readonly host?: string;
  readonly repo?: string;
  readonly state?: string;
  readonly author?: string;
  readonly label?: string;
  readonly search?: string;
  readonly failing?: boolean;
  readonly limit?: string;
  readonly all?: boolean;
}

/** What is listed says why hosts are on hold, if the station answers soon. */
const STATION_PATIENCE_MS = 2000;

type Tools = FollowContext & { readonly holds: ReadonlyMap<string, ListedHold> };

/** Rows are read and printed in pages, so that a million of them need no memory. */
const PAGE = 500;

/** Of the targets of a command, those that are written like the address of a changeset; no repository's is. */
export function changesetTargets(targets: readonly string[]): ReadonlySet<string> {
  return new Set(targets.filter(target => /^https?:\/\/.+\/(pull|pulls|merge_requests)\/\d+/.test(target)));
}

/**
 * Follows changesets, or takes them off; beside a running station or without one. Prints each.
 * @param onFailure called for each with which it did not go well
 */
export async function trackChangesets(
  urls: readonly string[],
  action: 'track' | 'untrack',
  options: Options,
  cli: Cli,
  onFailure: (url: string, error: SluiceError) => void,
): Promise<void> {
  await withTools(options, cli, withStores, async tools => {
    for (const url of urls) {
      try {
        const changeset = await (action === 'track' ? followByHand(url, tools) : unfollow(url, tools));
        const known = (await tools.changesets.byKey(changeset.key)) ?? changeset;
        print(known, await tools.queue.get(known.key), tools, options, cli);
      } catch (error) {
        onFailure(url, asSluiceError(error));
      }
    }
  });
}

/** Has the running station sync changesets at once. Answers how many were raised. */
export async function syncChangesets(
  selection: Given<'syncChangesets'>,
  options: Options,
  cli: Cli,
): Promise<void> {
  const { config } = await load(options, cli);
  const answer = await askStation(config, 'syncChangesets', selection, cli.stopSignal());
  cli.stdout.write(
    options.json ? `${jsonText(answer)}\n` : `${answer.raised} changesets are first in line\n`,
  );
}

/** `state=open,repository=owner/name` as a filter of the API. Throws `usage`. */
export function parseFilter(text: string): NonNullable<Given<'syncChangesets'>['filter']> {
  const known = ['host', 'repository', 'state', 'author', 'label', 'search', 'failing'];
  const filter: Record<string, string | boolean> = {};
  for (const part of text.split(',')) {
    const [, key = '', value = ''] = /^\s*([a-z]+)\s*=\s*(.+?)\s*$/.exec(part) ?? [];
    if (!known.includes(key)) {
      throw new SluiceError('usage', `"${part}" is no filter`, {
        hint: `Write it like state=open,repository=owner/name; known are ${known.join(', ')}.`,
      });
    }
    filter[key] = key === 'failing' ? value === 'true' : value;
  }
  return filter;
}

/** Prints the changesets that the options ask for, oldest known first. */
export async function listChangesets(options: ChangesetListOptions, cli: Cli): Promise<void> {
  const filter = filterOf(options);
  let left = rowsAsked(options);
  await withTools(options, cli, withExistingStores, async tools => {
    for (let after: ChangesetPlace | undefined; left > 0; ) {
      const page = await tools.changesets.list(filter, { after, limit: Math.min(PAGE, left + 1) });
      const items = await tools.queue.getMany(page.map(({ key }) => key));
      for (const changeset of page.slice(0, left))
        print(changeset, items.get(changeset.key), tools, options, cli);
      if (page.length === 0 && after === undefined && !options.json)
        cli.stdout.write('no changeset is known\n');
      if (page.length > left && !options.json) cli.stdout.write(someMoreLine(page.length, left));
      if (page.length < PAGE) return;
      left -= page.length;
      const last = page.at(-1);
      after = last && changesetPlace(last, 'id');
    }
  });
}

function filterOf({
  host,
  repo,
  state,
  author,
  label,
  search,
  failing,
}: ChangesetListOptions): ChangesetFilter {
  const states = CHANGESET_STATES.filter(each => each === state);
  if (state !== undefined && states.length === 0) {
    throw new SluiceError('usage', `"${state}" is no state; there are ${CHANGESET_STATES.join(', ')}`);
  }
  return {
    host,
    repository: repo,
    states: state === undefined ? undefined : states,
    author,
    label,
    text: search,
    failing,
  };
}

function print(
  changeset: StoredChangeset,
  item: QueueItem | undefined,
  { clock, holds }: Tools,
  { json }: Options,
  cli: Cli,
): void {
  const listed = listedChangeset(changeset, item, holds.get(changeset.host));
  cli.stdout.write(json ? `${jsonText(listed)}\n` : inWords(listed, clock.nowMs(), cli));
}

function inWords(listed: ListedChangeset, nowMs: number, cli: Cli): string {
  const style = styleFor(cli.stdout, cli.env);
  const waitMs = listed.next ? Date.parse(listed.next.dueAt) - nowMs : 0;
  const when = listed.next
    ? `next ${waitMs > 0 ? `in ${formatDuration(waitMs)}` : 'now'} (${listed.next.reason})`
    : 'not followed';
  const { message = '', hint = '' } = listed.lastError ?? {};
  const error =
    message === '' ? '' : `\n          ${style.bad(printable(message))}\n          ${printable(hint)}`;
  const unseen = (listed.unseen ?? []).map(
    ({ part, message: why }) => `\n          ${style.dim(printable(`${part} not seen: ${why}`))}`,
  );
  const title = listed.title === '' ? '' : `  ${listed.title}`;
  return `${listed.state.padEnd(8)}  ${printable(listed.url + title)}\n          ${style.dim(printable(when))}${error}${unseen.join('')}\n`;
}

/** Hosts whose items wait, as the running station says; none where there is no station, or it is busy. */
async function holdsOf(config: Config): Promise<ReadonlyMap<string, ListedHold>> {
  const signal = AbortSignal.timeout(STATION_PATIENCE_MS);
  try {
    const status = await askStation(config, 'getStatus', {}, signal);
    const held = status.changesets.hosts.filter(({ why }) => why !== null);
    return new Map(held.map(({ host, why }) => [host, { why: why ?? '', untilMs: 0 }]));
  } catch {
    return new Map();
  }
}

async function openHosts(options: GlobalOptions, cli: Cli): Promise<CodeHosts> {
  const [{ config }, { open }] = await Promise.all([load(options, cli), cli.loadForges()]);
  // Only addresses are read here: nothing is asked of any host.
  const hosts = new CodeHosts(open, unlimitedBudget, () =>
    forgeSettings(config, config.changesets.timeoutMs),
  );
  await hosts.start();
  return hosts;
}

async function withTools(
  options: GlobalOptions,
  cli: Cli,
  open: typeof withStores,
  act: (tools: Tools) => Promise<void>,
): Promise<void> {
  const { config } = await load(options, cli);
  const [hosts, holds] = await Promise.all([openHosts(options, cli), holdsOf(config)]);
  try {
    await open(config, cli, ({ store, queue }) =>
      act({ changesets: store.changesets, queue, clock: cli.clock, hosts, holds }),
    );
  } finally {
    await hosts.stop();
  }
}
