import type { Clock } from '../../base/clock.ts';
import { ClockWatch } from '../../base/clock-watch.ts';
import { type ErrorCode, SluiceError } from '../../base/errors.ts';
import type { StoredBudget } from '../../keep/store/changesets.ts';
import type { SharedCalls } from '../../keep/store/shared-calls.ts';
import { BudgetBook } from './budget-book.ts';
import type { CallBudget, CallRecord, IntendedCall } from './call-budget.ts';
import {
  type Admission,
  type Allowance,
  admissionByAllowance,
  admissionByHost,
  budgetAfterAdmission,
  budgetAfterCall,
  budgetAsOf,
  budgetMovedBy,
  type CredentialBudget,
  type Delay,
  hourlyBound,
  isUntold,
  pauseAskedMs,
  REFUSED_MS,
  remainingNow,
  spentLastHour,
} from './credential-budget.ts';
import { leastKnown, leftOf, shareLeft, totalKnown } from './shares.ts';

export interface CallLimiterOptions {
  readonly clock: Clock;
  /** What the configuration allows, as it is now. */
  readonly allowance: (host: string, resource: string) => Allowance;
  /** A call waits no longer than this for its turn; beyond, `rate_limited` says when to ask again. */
  readonly longestWaitMs?: number;
  /** A host refuses a credential: called once, until it is accepted again or forgiven. */
  readonly onRefused?: (host: string, credential: string) => void;
  /** Where other stations share the budgets. */
  readonly shared?: () => SharedCalls | undefined;
  /** Called just before a call may go, to abort its signal where whoever makes it has lost the right to. */
  readonly beforeCall?: () => void;
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
/** Stands for every credential, or every resource, where a pause is of all of them. */
const ANY = '*';
const LONGEST_WAIT_MS = 2000;
/** What a call that did not go shows. */
const UNSENT = {
  cost: 0,
  limit: undefined,
  remaining: undefined,
  resetAtMs: undefined,
  retryAfterMs: undefined,
  limitReached: undefined,
};
/** Credentials that are told within this time to slow down are told for the sake of whoever calls from here. */
const ALIKE_MS = 60_000;

/**
 * The call budget that all work of a station shares, so that together it stays within what hosts and configuration
 * allow. Of several credentials the one with the largest share left is taken, and one that was never used counts as
 * full: they share the load from the first call on. States of a credential with a host:
 *
 *   usable ──used up, or asked to wait──▶ pausing ──the time comes──▶ usable
 *     │ the host refuses it (401)
 *     ▼
 *   refused ──an hour, or forgive(): another configuration, or somebody asks by hand──▶ usable
 *
 * What concerns one credential stops no other. All of them pause where the host says that the limit is of whoever calls
 * from here, or where it tells a second one to slow down shortly after the first, and nothing went well between.
 */
export class CallLimiter implements CallBudget {
  readonly #options: CallLimiterOptions;
  readonly #book: BudgetBook;
  /** Identities of the credentials that are configured, by host. */
  readonly #configured = new Map<string, readonly string[]>();
  /** By host. */
  readonly #skew = new Map<string, number>();
  /** By host, resource and outcome. */
  readonly #calls = new Map<string, number>();
  /** By host and credential: limits in a row that named no time. */
  readonly #untold = new Map<string, number>();
  /** By host: which credential was told to slow down since another one's call went well, and when. */
  readonly #slowed = new Map<string, { readonly credential: string; readonly atMs: number }>();
  /** What was put down for calls that are on their way, by budget, oldest first. */
  readonly #expected = new Map<string, number[]>();
  readonly #clockWatch: ClockWatch;

  constructor(options: CallLimiterOptions) {
    this.#options = options;
    this.#book = new BudgetBook(options.clock, options.shared ?? (() => undefined));
    this.#clockWatch = new ClockWatch(options.clock);
  }

  /**
   * Makes known which credentials a host has, by identity, before any is used: they count in the forecast and take
   * part in the load from the start. May be called again; of one that is gone only what it spent still counts.
   */
  configure(host: string, credentials: readonly string[]): void {
    this.#configured.set(host, credentials.length === 0 ? [ANONYMOUS] : credentials);
  }

  /** As promised; `token_refused` when every credential has been refused: nothing is sent then. */
  async take(call: IntendedCall): Promise<string | undefined> {
    const { clock, longestWaitMs = LONGEST_WAIT_MS } = this.#options;
    const untilMs = clock.monotonicMs() + longestWaitMs;
    for (;;) {
      const choice = await this.#book.decide(call.host, () => this.#admit(call, this.#nowMs()));
      if ('credential' in choice) {
        this.#expect(call, choice.credential);
        return choice.credential === ANONYMOUS ? undefined : choice.credential;
      }
      const waitMs = Math.max(1, choice.untilMs - this.#nowMs());
      if (clock.monotonicMs() + waitMs > untilMs) throw limited(call, choice, waitMs);
      await clock.sleep(waitMs, call.signal);
    }
  }

  record(call: CallRecord): void {
    const { host, resource, credential = ANONYMOUS } = call;
    const nowMs = this.#nowMs();
    const name = `${host}\n${resource}\n${call.errorCode ?? 'ok'}`;
    this.#calls.set(name, (this.#calls.get(name) ?? 0) + 1);
    if (call.clockSkewMs !== undefined) this.#skew.set(host, call.clockSkewMs);
    const expected = this.#expected.get(idOf(host, credential, resource))?.shift() ?? 0;
    const untoldBefore = this.#countUntold(call, nowMs);
    const isOfCaller = this.#isOfCaller(call, nowMs);
    const isRefused = call.errorCode === ('token_refused' satisfies ErrorCode);
    const isNews = isRefused && !this.#wasRefused(host, credential);
    this.#book.later(host, () => {
      this.#update(host, credential, resource, budget =>
        budgetAfterCall(budget, call, expected, nowMs, untoldBefore),
      );
      this.#pauseOthers(call, isOfCaller, nowMs, untoldBefore);
      if (isRefused) this.#refuse(host, credential, nowMs);
      else if (call.errorCode === undefined) this.#accept(host, credential);
    });
    if (isNews) this.#options.onRefused?.(host, credential);
  }

  /** Lets refused credentials be tried again, of one host or of all. */
  forgive(host?: string): void {
    const refused = this.budgets().filter(each => each.refusedUntilMs !== undefined);
    for (const each of new Set(refused.map(budget => budget.host))) {
      if (host !== undefined && each !== host) continue;
      this.#book.later(each, () => {
        for (const budget of this.budgets())
          if (budget.host === each) this.#book.set({ ...budget, refusedUntilMs: undefined });
      });
    }
  }

  /** Credentials that are configured and that the host does not accept now. */
  refused(host: string): readonly string[] {
    const nowMs = this.#nowMs();
    return this.#credentialsOf(host).filter(credential => this.#isRefused(host, credential, nowMs));
  }

  /** Host's clock less this machine's, as of its latest answer; 0 where it is not known. */
  clockSkewMs(host: string): number {
    return this.#skew.get(host) ?? 0;
  }

  /** Every budget, to be shown and stored. */
  budgets(): readonly StoredBudget[] {
    return this.#book.all();
  }

  /** Takes over what was stored, before the first call, as far as it can still be true. */
  restore(budgets: readonly StoredBudget[]): void {
    const nowMs = this.#nowMs();
    for (const stored of budgets) {
      const budget = { ...stored, ...budgetAsOf(stored, nowMs) };
      const configured = this.#configured.get(budget.host);
      const isFormer = budget.credential !== ANY && configured && !configured.includes(budget.credential);
      if (!isFormer || budget.spent.length > 0) this.#book.set(budget);
    }
  }

  /**
   * Where stations share the budgets: makes known to the others what they do not know yet, and reads what they know.
   * @throws SluiceError `database_*`
   */
  async share(): Promise<void> {
    await this.#book.store([...this.#configured.keys()]);
  }

  /** Calls so far, by host, resource and how they ended. */
  calls(): readonly { host: string; resource: string; outcome: string; calls: number }[] {
    return [...this.#calls].map(([name, calls]) => {
      const [host = '', resource = '', outcome = ''] = name.split('\n');
      return { host, resource, outcome, calls };
    });
  }

  /**
   * Of one host and resource, all credentials together. One that was never used has as much as the others, once one of
   * them is known.
   */
  resourceBudget(host: string, resource: string): ResourceBudget {
    const nowMs = this.#nowMs();
    const allowance = this.#options.allowance(host, resource);
    const usable = this.#credentialsOf(host).filter(credential => !this.#isRefused(host, credential, nowMs));
    const own = usable.map(credential => this.#budgetOf(host, credential, resource));
    const typical = this.#typical(host, resource);
    const bounds = own.map(budget => hourlyBound(budget) ?? (typical && hourlyBound(typical)));
    const left = own.map(budget => remainingNow(budget, nowMs) ?? leftOf(typical?.limit, budget, nowMs));
    const resets = own.map(({ resetAtMs }) => resetAtMs).filter(each => each !== undefined && each > nowMs);
    return {
      spentLastHour: this.#budgetsOf(host, resource).reduce(
        (sum, each) => sum + spentLastHour(each, nowMs),
        0,
      ),
      perHour: leastKnown(totalKnown(bounds), allowance.maxPerHour),
      remaining: totalKnown(left),
      resetAtMs: leastKnown(...resets),
    };
  }

  #choose(call: IntendedCall, nowMs: number): { readonly credential: string } | Delay {
    const { host, resource } = call;
    const all = call.credentials.length === 0 ? [ANONYMOUS] : call.credentials;
    const usable = all.filter(credential => !this.#isRefused(host, credential, nowMs));
    if (usable.length === 0) throw refusal(host);
    const pausing = this.#pauseOfAll(call, ANY, nowMs);
    if (!pausing.ok) return pausing;
    const allowed = this.#allowed(call, nowMs);
    if (!allowed.ok) return allowed;
    const typical = this.#typical(host, resource);
    let best: { credential: string; share: number } | undefined;
    let soonest: Delay | undefined;
    for (const credential of usable) {
      const budget = this.#budgetOf(host, credential, resource);
      const own = admissionByHost(budget, call.cost, call.priority, nowMs);
      const admission = later(own, this.#pauseOfAll(call, credential, nowMs));
      if (!admission.ok) {
        if (!soonest || admission.untilMs < soonest.untilMs) soonest = admission;
        continue;
      }
      const share = shareLeft(budget, typical?.limit, nowMs);
      if (!best || share > best.share) best = { credential, share };
    }
    return best ?? soonest ?? { ok: false, untilMs: nowMs + 60_000, why: 'no credential may call' };
  }

  /** Whether a pause of all that a credential, or any, does is over. */
  #pauseOfAll({ host, cost, priority }: IntendedCall, credential: string, nowMs: number): Admission {
    return admissionByHost(this.#budgetOf(host, credential, ANY), cost, priority, nowMs);
  }

  /** What the configuration says, which holds for all credentials of the host together. */
  #allowed({ host, resource, cost, priority }: IntendedCall, nowMs: number): Admission {
    const spent = this.#budgetsOf(host, resource)
      .flatMap(budget => budget.spent)
      .sort(([one], [two]) => one - two);
    return admissionByAllowance(spent, this.#options.allowance(host, resource), cost, priority, nowMs);
  }

  /** Of the credentials whose limit is known, the one with the largest: what is not known yet is taken to be like it. */
  #typical(host: string, resource: string): CredentialBudget | undefined {
    const known = this.#credentialsOf(host)
      .map(credential => this.#budgetOf(host, credential, resource))
      .filter(budget => hourlyBound(budget) !== undefined);
    return known.sort((one, two) => (hourlyBound(two) ?? 0) - (hourlyBound(one) ?? 0))[0];
  }

  /** Identities of a host's credentials: as configured, else those that were seen. */
  #credentialsOf(host: string): readonly string[] {
    const seen = (): string[] =>
      this.budgets().flatMap(each =>
        each.host === host && each.credential !== ANY ? [each.credential] : [],
      );
    return this.#configured.get(host) ?? [...new Set(seen())];
  }

  #budgetsOf(host: string, resource: string): StoredBudget[] {
    return this.budgets().filter(budget => budget.host === host && budget.resource === resource);
  }

  #budgetOf(host: string, credential: string, resource: string): StoredBudget {
    return this.#book.of(host, credential, resource);
  }

  #isRefused(host: string, credential: string, nowMs: number): boolean {
    return this.budgets().some(
      each => each.host === host && each.credential === credential && (each.refusedUntilMs ?? 0) > nowMs,
    );
  }

  #wasRefused(host: string, credential: string): boolean {
    return this.budgets().some(
      each => each.host === host && each.credential === credential && each.refusedUntilMs !== undefined,
    );
  }

  /** Chooses, and puts down what it costs. */
  #admit(call: IntendedCall, nowMs: number): { readonly credential: string } | Delay {
    const { host, resource, cost } = call;
    const choice = this.#choose(call, nowMs);
    if ('credential' in choice)
      this.#update(host, choice.credential, resource, budget => budgetAfterAdmission(budget, cost, nowMs));
    return choice;
  }

  /** The call goes now, unless it must not any more: then it costs nothing. */
  #expect({ host, resource, cost, signal }: IntendedCall, credential: string): void {
    this.#options.beforeCall?.();
    if (!signal?.aborted) {
      const id = idOf(host, credential, resource);
      this.#expected.set(id, [...(this.#expected.get(id) ?? []), cost]);
      return;
    }
    this.#book.later(host, () =>
      this.#update(host, credential, resource, budget =>
        budgetAfterCall(budget, UNSENT, cost, this.#nowMs()),
      ),
    );
    signal.throwIfAborted();
  }

  /** How many such limits its credential has met before this call. What was on its way when one was met tells nothing new. */
  #countUntold(call: CallRecord, nowMs: number): number {
    const { host, credential = ANONYMOUS, resource } = call;
    const id = `${host}\n${credential}`;
    const before = this.#untold.get(id) ?? 0;
    const budgets = [
      this.#budgetOf(host, credential, resource),
      this.#budgetOf(host, credential, ANY),
      this.#budgetOf(host, ANY, ANY),
    ];
    if (budgets.some(({ pausedUntilMs = 0 }) => pausedUntilMs > nowMs)) return Math.max(0, before - 1);
    if (isUntold(call, nowMs)) this.#untold.set(id, before + 1);
    else if (call.errorCode === undefined) this.#untold.delete(id);
    return before;
  }

  /**
   * A limit of the host, or a server's Retry-After, holds for all that is sent there; a credential's pace or Retry-After
   * for all that it does; a used-up budget for its resource alone.
   */
  #pauseOthers(call: CallRecord, isOfCaller: boolean, nowMs: number, untoldBefore: number): void {
    const { host, credential = ANONYMOUS, status = 0, limitReached, retryAfterMs } = call;
    const askedMs = pauseAskedMs(call, nowMs, untoldBefore);
    if (askedMs === undefined) return;
    const pause = (whose: string): void => {
      const budget = this.#budgetOf(host, whose, ANY);
      this.#book.set({ ...budget, pausedUntilMs: Math.max(nowMs + askedMs, budget.pausedUntilMs ?? 0) });
    };
    if (isOfCaller || (limitReached === undefined && status >= 500)) pause(ANY);
    else if (limitReached !== 'credential' || (retryAfterMs !== undefined && call.remaining !== 0))
      pause(credential);
  }

  /** Whether a limit is of whoever calls from here: the answer says so, or another credential has met the like just now. */
  #isOfCaller({ host, credential = ANONYMOUS, limitReached, errorCode }: CallRecord, nowMs: number): boolean {
    const slowed = this.#slowed.get(host);
    if (limitReached === 'pace') {
      this.#slowed.set(host, { credential, atMs: nowMs });
      return slowed !== undefined && slowed.credential !== credential && nowMs - slowed.atMs <= ALIKE_MS;
    }
    if (errorCode === undefined && slowed?.credential !== credential) this.#slowed.delete(host);
    return limitReached === 'host';
  }

  #refuse(host: string, credential: string, nowMs: number): void {
    for (const budget of this.budgets())
      if (budget.host === host && budget.credential === credential)
        this.#book.set({ ...budget, refusedUntilMs: nowMs + REFUSED_MS });
  }

  #accept(host: string, credential: string): void {
    for (const budget of this.budgets()) {
      if (budget.refusedUntilMs === undefined) continue;
      if (budget.host === host && budget.credential === credential)
        this.#book.set({ ...budget, refusedUntilMs: undefined });
    }
  }

  /** This machine's time. Where the clock was set back, the times of all windows are moved along. */
  #nowMs(): number {
    const setBackMs = this.#clockWatch.setBackMs();
    if (setBackMs > 0) {
      for (const budget of this.budgets())
        this.#book.set({ ...budget, ...budgetMovedBy(budget, -setBackMs) });
    }
    return this.#options.clock.nowMs();
  }

  #update(
    host: string,
    credential: string,
    resource: string,
    change: (budget: CredentialBudget) => CredentialBudget,
  ): void {
    this.#book.set({ host, credential, resource, ...change(this.#budgetOf(host, credential, resource)) });
  }
}

/** Where both say no, the one that says it for longer. */
function later(one: Admission, two: Admission): Admission {
  if (one.ok || two.ok) return one.ok ? two : one;
  return one.untilMs >= two.untilMs ? one : two;
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
