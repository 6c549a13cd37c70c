import { connection, status } from '../live/live.ts';
import { bytes, number, span } from '../parts/words.ts';
import { route } from '../router/router.ts';
import { PLACES } from './places.ts';

export function Header() {
  return (
    <header>
      <h1>
        <a href="#/">
          <img src="/icon.svg" alt="" width="26" height="26" /> sluice
        </a>
      </h1>
      <p id="station" role="status">
        {stationWords()}
      </p>
      <nav aria-label="Pages">
        <ul id="pages-list">
          {Object.entries(PLACES)
            .filter(([, { below }]) => below === undefined)
            .map(([name, { title }]) => (
              <li key={name}>
                <a href={`#/${name}`} aria-current={name === currentName() ? 'page' : undefined}>
                  <span class="word" data-word={title}>
                    {title}
                  </span>
                  <Badge name={name} />
                </a>
              </li>
            ))}
        </ul>
      </nav>
    </header>
  );
}

function currentName(): string {
  const { name } = route.value;
  return PLACES[name]?.below ?? name;
}

function Badge({ name }: { readonly name: string }) {
  const now = status.value;
  const wanting = now ? (PLACES[name]?.badge?.(now) ?? 0) : 0;
  if (wanting === 0) return null;
  return (
    <span class="badge" id={`badge-${name}`} title={`${number(wanting)} to look at`}>
      {wanting > 999 ? '999+' : wanting}
    </span>
  );
}

function stationWords(): string {
  const now = status.value;
  if (connection.value === 'locked') return 'this station asks for its token';
  if (connection.value === 'away') return 'the station does not answer';
  if (!now) return 'asking the station…';
  const { station, schedule, disk } = now;
  const due = schedule.due ? `${number(schedule.due)} due, behind ${span(schedule.behindMs)}` : 'nothing due';
  return `version ${station.version} · up ${span(station.uptimeMs)} · ${due} · ${bytes(disk.freeBytes)} free`;
}
