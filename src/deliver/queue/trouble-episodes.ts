import { type EndpointHealth, isYoung } from '../../engine/endpoint-health.ts';

/** What is to be said of a change of an endpoint's state. */
export type EpisodeNews =
  /** Something is wrong with it. */
  | 'began'
  /** It answers its probes and takes no file: what fails are the files sent after each of them. */
  | 'not accepting'
  /** It is well. */
  | 'well'
  /** What was said before holds still. */
  | 'nothing';

interface Episode {
  readonly sinceMs: number;
  /** It came back and failed again soon. */
  relapsed: boolean;
}

/**
 * An endpoint's time of trouble as a person sees it, however often its state changes meanwhile:
 *
 *   well ──offline, unhealthy──▶ in trouble ──a probe is answered──▶ doubtful ──a file is taken, or well for a while──▶ well
 *                                    ▲                                  │
 *                                    └──────fails again soon: relapsed──┘
 */
export class TroubleEpisodes {
  readonly #episodes = new Map<string, Episode>();

  /** The state of an endpoint has changed. */
  note(endpoint: string, before: EndpointHealth, after: EndpointHealth, nowMs: number): EpisodeNews {
    const episode = this.#episodes.get(endpoint);
    if (after.state === 'online') return episode?.relapsed ? 'nothing' : 'well';
    const wasInTrouble = before.state === 'offline' || before.state === 'unhealthy';
    if (episode && wasInTrouble) return episode.relapsed ? 'nothing' : 'began';
    if (episode && isYoung(before, nowMs)) {
      if (episode.relapsed) return 'nothing';
      episode.relapsed = true;
      return 'not accepting';
    }
    this.#episodes.set(endpoint, { sinceMs: nowMs, relapsed: false });
    return 'began';
  }

  /** A file was taken. @returns whether that is news */
  noteSent(endpoint: string): boolean {
    const episode = this.#episodes.get(endpoint);
    this.#episodes.delete(endpoint);
    return episode?.relapsed === true;
  }

  /**
   * Time has gone by. @returns whether an endpoint that answered and took no file has been well for so long since that
   * nothing is to be said of it any more, and that is news
   */
  noteTime(endpoint: string, health: EndpointHealth, nowMs: number): boolean {
    const isOver = this.#episodes.get(endpoint)?.relapsed === true && health.state === 'online';
    if (!isOver || isYoung(health, nowMs)) return false;
    this.#episodes.delete(endpoint);
    return true;
  }

  /** Since when an endpoint takes no file although it answers; undefined where that is not so. */
  notAcceptingSinceMs(endpoint: string, health: EndpointHealth, nowMs: number): number | undefined {
    const episode = this.#episodes.get(endpoint);
    if (!episode?.relapsed) return undefined;
    return health.state === 'online' && !isYoung(health, nowMs) ? undefined : episode.sinceMs;
  }
}
