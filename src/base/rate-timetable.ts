import { parseBytes } from './units.ts';

/** From a minute of the week on (Sunday 0:00 is 0, by this machine's clock) so many bytes may go in a second. */
export interface RateSlot {
  readonly minuteOfWeek: number;
  /** Infinity: no bound. */
  readonly bytesPerSecond: number;
}

/** Slots by their time; the last of the week holds until the first of the next. */
export type RateTimetable = readonly RateSlot[];

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const SLOT = /^(?:([a-z]{3})-)?(\d{1,2}):(\d{2}),(.+)$/i;
const MINUTES_A_DAY = 24 * 60;
/** Slower, and far sides take what is sent for a connection that has died. */
const LEAST_BYTES_PER_SECOND = 16 * 1024;

/**
 * Reads `2MiB`, or a timetable in rclone's form: `08:00,512KiB 19:00,10MiB Sat-00:00,off`. Without a day a slot holds on
 * every day; `off` is no bound; `512k` is 512 KiB. Pure.
 * @returns the timetable, or in words what is wrong with the text
 */
export function parseRateTimetable(text: string): RateTimetable | string {
  const words = text.trim().split(/\s+/);
  if (words.length === 1 && !words[0]?.includes(',')) {
    const rate = rateOf(words[0] ?? '');
    return typeof rate === 'string' ? rate : [{ minuteOfWeek: 0, bytesPerSecond: rate }];
  }
  const slots = new Map<number, RateSlot>();
  for (const word of words) {
    const found = slotsOf(word);
    if (typeof found === 'string') return found;
    // A slot of one day counts over that of every day.
    for (const slot of found)
      if (found.length === 1 || !slots.has(slot.minuteOfWeek)) slots.set(slot.minuteOfWeek, slot);
  }
  return [...slots.values()].sort((a, b) => a.minuteOfWeek - b.minuteOfWeek);
}

function slotsOf(word: string): RateSlot[] | string {
  const [, day, hours, minutes, rateText = ''] = SLOT.exec(word) ?? [];
  if (hours === undefined)
    return `"${word}" is no time and rate; write it like 08:00,512KiB or Sat-08:00,off`;
  const days = day === undefined ? DAYS.map((_, index) => index) : [DAYS.indexOf(day.toLowerCase())];
  if (days[0] === -1) return `"${word}" names no day: ${DAYS.join(', ')}`;
  const minute = Number(hours) * 60 + Number(minutes);
  if (Number(minutes) > 59 || minute >= MINUTES_A_DAY) return `"${word}" names no time of a day`;
  const rate = rateOf(rateText);
  if (typeof rate === 'string') return `"${word}": ${rate}`;
  return days.map(index => ({ minuteOfWeek: index * MINUTES_A_DAY + minute, bytesPerSecond: rate }));
}

function rateOf(text: string): number | string {
  if (text.toLowerCase() === 'off') return Number.POSITIVE_INFINITY;
  if (text.includes(':')) return 'gives two rates; give one, for what is sent';
  const bytes = parseBytes(/^[\d.]+[kmgt]$/i.test(text) ? `${text}iB` : text);
  if (bytes === undefined) return 'the rate is no size a second; write it like 512KiB, 10MiB or off';
  return bytes < LEAST_BYTES_PER_SECOND ? 'the rate is too small; at least 16KiB a second' : bytes;
}

/** Bytes a second that may go at a time; Infinity: no bound. Pure, but for the time zone of this machine. */
export function rateAt(timetable: RateTimetable, nowMs: number): number {
  const now = new Date(nowMs);
  const minuteOfWeek = now.getDay() * MINUTES_A_DAY + now.getHours() * 60 + now.getMinutes();
  const slot = timetable.findLast(one => one.minuteOfWeek <= minuteOfWeek) ?? timetable.at(-1);
  return slot?.bytesPerSecond ?? Number.POSITIVE_INFINITY;
}
