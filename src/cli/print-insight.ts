import { SluiceError } from '../base/errors.ts';
import type { Config } from '../config/schema.ts';
import { harmlessUrl } from '../gather/repos/address/shown-url.ts';
import { parseRepositoryUrl } from '../gather/repos/address/url.ts';
import { wantsChurn } from '../gather/repos/churn/schedule.ts';
import type { Period } from '../insights/calendar.ts';
import { dayOf } from '../insights/calendar.ts';
import { INSIGHTS } from '../insights/catalogue.ts';
import { checkedPathGlobs } from '../insights/path-globs.ts';
import type { UnreadChurn } from '../keep/store/questions.ts';
import type { Store } from '../keep/store/store.ts';
import type { Cli, GlobalOptions } from './cli.ts';
import { load } from './load.ts';
import { withExistingStores } from './stores.ts';
import { formatOf, type TableOptions, widthOf, writeOut } from './table-output.ts';
import { render } from './tables.ts';
import { printable } from './terminal.ts';

export interface InsightOptions extends GlobalOptions, TableOptions {
  readonly repo: readonly string[];
  readonly path: readonly string[];
  readonly since?: string;
  readonly until?: string;
  readonly by?: Period;
  readonly bots?: 'include' | 'exclude';
  readonly limit?: string;
}

const UNREAD_SHOWN = 3;
const LONGEST_LIMIT = 1_000_000;

/** Asks the database and prints the rows. Throws `usage`, `not_found`, `url_*`, `database_*`, `disk_*`. */
export async function printInsight(name: string, options: InsightOptions, cli: Cli): Promise<void> {
  const insight = INSIGHTS.find(each => each.name === name);
  if (!insight) throw new SluiceError('internal', `there is no insight ${name}`);
  const { since, until, by = 'week', bots } = options;
  const format = formatOf(options, cli);
  const paths = checkedPathGlobs(options.path, '--path');
  const question = {
    sinceDay: since === undefined ? undefined : dayOf(since, '--since'),
    untilDay: until === undefined ? undefined : dayOf(until, '--until'),
    limit: limitOf(options.limit, insight.limit),
    withoutBots: bots === 'exclude',
    nowMs: cli.clock.nowMs(),
    paths,
    by,
  };
  const { config } = await load(options, cli);
  await withExistingStores(config, cli, async ({ store }) => {
    const repositoryIds = await idsOf(options.repo, store);
    const rows = await insight.rows(store.questions, { ...question, repositoryIds });
    const content = await render(rows, insight.columns, format, {
      grid: insight.grid,
      fit: widthOf(options, cli),
    });
    await writeOut(content, options, cli);
    const words: string[] = [];
    if (repositoryIds.length === 0)
      words.push('No repository has been baked yet: "sluice bake URL" reads one.');
    if (insight.ofChurn || paths.length > 0) {
      const unread = await store.questions.unreadChurn(repositoryIds);
      words.push(...describeUnread(unread, config, paths.length > 0 ? 'Needs churn' : 'Files and lines'));
    }
    if (paths.length > 0 && (await store.questions.countPaths({ repositoryIds, paths })) === 0) {
      words.push(`No file whose changes have been read is meant by ${paths.join(' or ')}; ${GLOBS}`);
    }
    for (const line of words) cli.stderr.write(`${printable(line)}\n`);
  });
}

const GLOBS =
  'a name means files and folders anywhere, a path with a slash one from the top of the repository.';

/**
 * Why figures fall short, and what to do about it; nothing where all has been read.
 * @param short what falls short
 */
function describeUnread(unread: readonly UnreadChurn[], config: Config, short: string): string[] {
  const lines = unread.slice(0, UNREAD_SHOWN).map(({ repository, state }) => {
    const what = `${state === 'none' ? 'nothing' : 'not all'} of ${repository} has been read`;
    return wantsChurn({ url: repository }, config)
      ? `${short}: ${what} yet; a running station goes on, "sluice status" says how far it is.`
      : `${short}: ${what}, since churn is off for it: "sluice bake --churn ${repository}" reads it once, insights.churn always.`;
  });
  const more = unread.length - lines.length;
  return more > 0 ? [...lines, `${short}: the same of ${more} more.`] : lines;
}

function limitOf(text: string | undefined, otherwise: number | undefined): number {
  if (text === undefined) return otherwise ?? LONGEST_LIMIT;
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new SluiceError('usage', `--limit takes a whole number up to 9999999, not "${text}"`);
}

async function idsOf(texts: readonly string[], store: Store): Promise<number[]> {
  if (texts.length === 0) return (await store.repositories.list()).map(({ id }) => id);
  const ids = await Promise.all(
    texts.map(async text => {
      const known =
        (await store.repositories.byUrl(text)) ??
        (await store.repositories.byUrl(parseRepositoryUrl(text, { from: 'cli' }).url));
      if (known) return known.id;
      throw new SluiceError('not_found', `no repository ${harmlessUrl(text)} is known here`, {
        hint: 'Have it read first: sluice bake URL.',
      });
    }),
  );
  return [...new Set(ids)];
}
