import type { Clock } from '../../base/clock.ts';
import { type ErrorCode, SluiceError } from '../../base/errors.ts';
import type { CallBudget, CallRecord, IntendedCall } from './call-budget.ts';
import {
  type Admission,
  type Allowance,
  admissionByAllowance,
  admissionByHost,
  budgetAfterAdmission,
  budgetAfterCall,
  type CredentialBudget,
  type Delay,
  hourlyBound,
  NEW_BUDGET,
  remainingNow,
  spentLastHour,
} from './credential-budget.ts';

export interface CallLimiterOptions {
  readonly clock: Clock;
  /** What the configuration allows, as it is now. */
  readonly allowance: (host: string, resource: string) => Allowance;
  /** A call waits no longer than this for its turn; beyond, `rate_limited` says when to ask again. */
  readonly longestWaitMs?: number;
  /** A host refuses a credential; called once until it is forgiven. */
  readonly onRefused?: (host: string, credential: string) => void;
}

/** One credential's budget, with what it is of: as it is shown and stored. */
export interface CredentialBudgetRecord extends CredentialBudget {
  readonly host: string;
  readonly credential: string;
  readonly resource: string;
}

/** What all credentials of a host have of one resource. */
export interface ResourceBudget {
  readonly spentLastHour: number;
  /** Bound an hour; undefined: none is known. */
  readonly perHour: number | undefined;
  readonly remaining: number | undefined;
  readonly resetAtMs: number | undefined;
}

/** Stands for no credential where budgets are named by theirs. */
const ANONYMOUS = 'none';
const LONGEST_WAIT_MS = 2000;

/**
 * The call budget that all work of a station shares, so that together it stays within what hosts and configuration
 * allow. Of several credentials the one with most left is taken: they share the load. States of a credential with a
 * host:
 *
 *   usable ──used up, or asked to wait──▶ pausing ──the time comes──▶ usable
 *     │ the host refuses it (401)
 *     ▼
 *   refused ──forgive(): another configuration, or somebody asks by hand──▶ usable
 */
export class CallLimiter implements CallBudget {
  readonly #options: CallLimiterOptions;
  readonly #budgets = new Map<string, CredentialBudgetRecord>();
  /** Credentials by host. */
  readonly #refused = new Map<string, Set<string>>();
  /** By host. */
  readonly #skew = new Map<string, number>();
  /** By host, resource and outcome. */
  readonly #calls = new Map<string, number>();
  /** What was put down for calls that are on their way, by budget, oldest first. */
  readonly #expected = new Map<string, number[]>();

  constructor(options: CallLimiterOptions) {
    this.#options = options;
  }

  /** As promised; `token_refused` when every credential has been refused: nothing is sent then. */
  async take(call: IntendedCall): Promise<string | undefined> {
    const { clock, longestWaitMs = LONGEST_WAIT_MS } = this.#options;
    const untilMs = clock.monotonicMs() + longestWaitMs;
    for (;;) {
      const nowMs = clock.nowMs();
      const choice = this.#choose(call, nowMs);
      if ('credential' in choice) {
        this.#letThrough(call, choice.credential, nowMs);
        return choice.credential === ANONYMOUS ? undefined : choice.credential;
      }
      const waitMs = Math.max(1, choice.untilMs - nowMs);
      if (clock.monotonicMs() + waitMs > untilMs) throw limited(call, choice, waitMs);
      await clock.sleep(waitMs, call.signal);
    }
  }

  record(call: CallRecord): void {
    const { host, resource, credential = ANONYMOUS } = call;
    const nowMs = this.#options.clock.nowMs();
    const name = `${host}\n${resource}\n${call.errorCode ?? 'ok'}`;
    this.#calls.set(name, (this.#calls.get(name) ?? 0) + 1);
    if (call.clockSkewMs !== undefined) this.#skew.set(host, call.clockSkewMs);
    const expected = this.#expected.get(idOf(host, credential, resource))?.shift() ?? 0;
    this.#update(host, credential, resource, budget => budgetAfterCall(budget, call, expected, nowMs));
    if (call.isSecondaryLimit || call.retryAfterMs !== undefined) this.#pauseOthers(call, nowMs);
    // What is refused to anybody without a credential is one address, and may be another's to see.
    if (call.errorCode === ('token_refused' satisfies ErrorCode) && call.credential !== undefined) {
      this.#refuse(host, credential);
    }
  }

  /** Lets refused credentials be tried again, of one host or of all. */
  forgive(host?: string): void {
    if (host === undefined) this.#refused.clear();
    else this.#refused.delete(host);
  }

  /** Host's clock less this machine's, as of its latest answer; 0 where it is not known. */
  clockSkewMs(host: string): number {
    return this.#skew.get(host) ?? 0;
  }

  /** Every budget, to be shown and stored. */
  budgets(): readonly CredentialBudgetRecord[] {
    return [...this.#budgets.values()];
  }

  /** Takes over what was stored, before the first call. */
  restore(budgets: readonly Omit<CredentialBudgetRecord, 'windowMs'>[]): void {
    for (const budget of budgets)
      this.#budgets.set(idOf(budget.host, budget.credential, budget.resource), { ...NEW_BUDGET, ...budget });
  }

  /** Calls so far, by host, resource and how they ended. */
  calls(): readonly { host: string; resource: string; outcome: string; calls: number }[] {
    return [...this.#calls].map(([name, calls]) => {
      const [host = '', resource = '', outcome = ''] = name.split('\n');
      return { host, resource, outcome, calls };
    });
  }

  /** Of one host and resource, all credentials together. */
  resourceBudget(host: string, resource: string): ResourceBudget {
    const nowMs = this.#options.clock.nowMs();
    const allowance = this.#options.allowance(host, resource);
    const refused = this.#refused.get(host);
    const own = this.#budgetsOf(host, resource);
    const usable = own.filter(({ credential }) => !refused?.has(credential));
    const byHost = totalKnown(usable.map(hourlyBound));
    const left = usable.map(budget => remainingNow(budget, nowMs));
    return {
      spentLastHour: own.reduce((sum, budget) => sum + spentLastHour(budget, nowMs), 0),
      perHour: leastKnown(byHost, allowance.maxPerHour),
      remaining: totalKnown(left),
      resetAtMs: usable.find(({ resetAtMs }) => resetAtMs !== undefined && resetAtMs > nowMs)?.resetAtMs,
    };
  }

  #choose(call: IntendedCall, nowMs: number): { readonly credential: string } | Delay {
    const refused = this.#refused.get(call.host);
    const all = call.credentials.length === 0 ? [ANONYMOUS] : call.credentials;
    const usable = all.filter(credential => !refused?.has(credential));
    if (usable.length === 0) throw refusal(call.host);
    const allowed = this.#allowed(call, nowMs);
    if (!allowed.ok) return allowed;
    let best: { credential: string; left: number } | undefined;
    let soonest: Delay | undefined;
    for (const credential of usable) {
      const budget = this.#budgets.get(idOf(call.host, credential, call.resource)) ?? NEW_BUDGET;
      const admission = admissionByHost(budget, call.cost, call.priority, nowMs);
      if (!admission.ok) {
        if (!soonest || admission.untilMs < soonest.untilMs) soonest = admission;
        continue;
      }
      // Where the host says nothing, the one that was used least.
      const left = remainingNow(budget, nowMs) ?? -spentLastHour(budget, nowMs);
      if (!best || left > best.left) best = { credential, left };
    }
    if (best) return best;
    return soonest ?? { ok: false, untilMs: nowMs + 60_000, why: 'no credential may call' };
  }

  /** What the configuration says, which holds for all credentials of the host together. */
  #allowed({ host, resource, cost, priority }: IntendedCall, nowMs: number): Admission {
    const spent = this.#budgetsOf(host, resource)
      .flatMap(budget => budget.spent)
      .sort(([one], [two]) => one - two);
    return admissionByAllowance(spent, this.#options.allowance(host, resource), cost, priority, nowMs);
  }

  #budgetsOf(host: string, resource: string): CredentialBudgetRecord[] {
    return this.budgets().filter(budget => budget.host === host && budget.resource === resource);
  }

  #letThrough({ host, resource, cost }: IntendedCall, credential: string, nowMs: number): void {
    const id = idOf(host, credential, resource);
    this.#update(host, credential, resource, budget => budgetAfterAdmission(budget, cost, nowMs));
    this.#expected.set(id, [...(this.#expected.get(id) ?? []), cost]);
  }

  /** A secondary limit or Retry-After holds for everything that the credential does, not for one resource. */
  #pauseOthers({ host, credential = ANONYMOUS, resource }: CallRecord, nowMs: number): void {
    const paused = this.#budgets.get(idOf(host, credential, resource))?.pausedUntilMs;
    for (const state of this.budgets()) {
      if (state.host !== host || state.credential !== credential || state.resource === resource) continue;
      const pausedUntilMs = Math.max(paused ?? nowMs, state.pausedUntilMs ?? 0);
      this.#budgets.set(idOf(host, credential, state.resource), { ...state, pausedUntilMs });
    }
  }

  #refuse(host: string, credential: string): void {
    const refused = this.#refused.get(host) ?? new Set();
    this.#refused.set(host, refused);
    if (refused.has(credential)) return;
    refused.add(credential);
    this.#options.onRefused?.(host, credential);
  }

  #update(
    host: string,
    credential: string,
    resource: string,
    change: (budget: CredentialBudget) => CredentialBudget,
  ): void {
    const id = idOf(host, credential, resource);
    const before = this.#budgets.get(id) ?? { ...NEW_BUDGET, host, credential, resource };
    this.#budgets.set(id, { host, credential, resource, ...change(before) });
  }
}

function totalKnown(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter(value => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0);
}

function leastKnown(...values: (number | undefined)[]): number | undefined {
  const known = values.filter(value => value !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function idOf(host: string, credential: string, resource: string): string {
  return `${host}\n${credential}\n${resource}`;
}

function limited(call: IntendedCall, { untilMs, why }: Delay, waitMs: number): SluiceError {
  const until = new Date(untilMs).toISOString().replace(/\.\d+Z$/, 'Z');
  return new SluiceError('rate_limited', `${call.host}: ${why}; calls go on at ${until}`, {
    operation: 'call',
    subject: call.host,
    retryAfterMs: waitMs,
  });
}

function refusal(host: string): SluiceError {
  return new SluiceError('token_refused', `${host} does not accept the token that is configured for it`, {
    operation: 'call',
    subject: host,
  });
}
