import { CATALOGUE } from '../../base/errors.ts';
import { inWords } from '../../base/text.ts';
import { holdReason } from '../../gather/changesets/hosts/host-health.ts';
import type { Changesets, HostRefusal } from '../../gather/changesets/service.ts';
import type { ChangesetTotals } from '../../keep/store/changesets.ts';

/** Changesets at a glance: `changesets` of the status. */
export interface ChangesetFigures {
  readonly known: number;
  readonly followed: number;
  readonly failing: number;
  /** By state: new, open, draft, merged, closed, deleted. */
  readonly states: Readonly<Record<string, number>>;
  readonly hosts: readonly HostFigures[];
  /** Repositories whose changes syncs see and no webhook announces. */
  readonly webhooksMissing: readonly {
    readonly repository: string;
    readonly missed: number;
    readonly lastWebhookAt: string | null;
  }[];
}

export interface HostFigures {
  readonly host: string;
  readonly followed: number;
  /** `ok`, or why its items wait: `limited`, `refused`, `down`. */
  readonly state: string;
  /** In words, a token that is refused while others carry on included; null when it is well. */
  readonly why: string | null;
  /** What to do about it; null when it is well. */
  readonly hint: string | null;
  /** Tokens, by name, that it does not accept while others carry on. */
  readonly credentialsRefused: readonly string[];
  /** What every interval is multiplied by, since the budget is short; 1: it is not. */
  readonly stretch: number;
  /** By resource (rest, graphql): calls or points an hour, needed and there. */
  readonly budgets: readonly {
    readonly resource: string;
    readonly neededPerHour: number;
    readonly budgetPerHour: number | null;
    readonly spentLastHour: number;
    readonly remaining: number | null;
    readonly resetAt: string | null;
  }[];
}

export async function changesetFigures(
  changesets: Pick<Changesets, 'totals' | 'forecasts' | 'holds' | 'webhookGaps' | 'refusals'>,
): Promise<ChangesetFigures> {
  const [totals, gaps] = await Promise.all([changesets.totals(), changesets.webhookGaps()]);
  const hosts = new Set([...totals.map(({ host }) => host), ...changesets.holds().map(({ host }) => host)]);
  return {
    ...countsOf(totals),
    hosts: [...hosts].sort().map(host => hostFigures(host, totals, changesets)),
    webhooksMissing: gaps.map(({ host, repository, missedSince, lastAtMs }) => ({
      repository: `${host}/${repository}`,
      missed: missedSince,
      lastWebhookAt: lastAtMs === null ? null : new Date(lastAtMs).toISOString(),
    })),
  };
}

/** The part of the figures that comes from the store alone. */
export function countsOf(totals: readonly ChangesetTotals[]) {
  const states: Record<string, number> = {};
  for (const { state, changesets } of totals) states[state] = (states[state] ?? 0) + changesets;
  const sum = (value: (each: ChangesetTotals) => number): number =>
    totals.reduce((total, each) => total + value(each), 0);
  return {
    known: sum(each => each.changesets),
    followed: sum(each => each.followed),
    failing: sum(each => each.failing),
    states,
  };
}

/** What a host refuses, in words that follow its name. */
export function refusalReason({ credentials, others }: HostRefusal): string {
  const rest =
    others === 0 ? '' : others === 1 ? '; the other one carries on' : `; ${others} others carry on`;
  return `does not accept ${inWords(credentials, 'and')}${rest}`;
}

function hostFigures(
  host: string,
  totals: readonly ChangesetTotals[],
  changesets: Pick<Changesets, 'forecasts' | 'holds' | 'refusals'>,
): HostFigures {
  const hold = changesets.holds().find(each => each.host === host);
  const refusal = changesets.refusals().find(each => each.host === host);
  const forecast = changesets.forecasts().find(each => each.host === host);
  return {
    host,
    followed: totals.filter(each => each.host === host).reduce((sum, { followed }) => sum + followed, 0),
    state: hold?.kind ?? 'ok',
    why: hold ? holdReason(hold) : refusal ? refusalReason(refusal) : null,
    hint: hold?.hint ?? (refusal ? CATALOGUE.token_refused.remedy : null),
    credentialsRefused: refusal?.credentials ?? [],
    stretch: forecast?.stretch ?? 1,
    budgets: (forecast?.resources ?? []).map(each => ({
      resource: each.resource,
      neededPerHour: Math.round(each.neededPerHour * 10) / 10,
      budgetPerHour: each.budgetPerHour ?? null,
      spentLastHour: each.spentLastHour,
      remaining: each.remaining ?? null,
      resetAt: each.resetAtMs === undefined ? null : new Date(each.resetAtMs).toISOString(),
    })),
  };
}
