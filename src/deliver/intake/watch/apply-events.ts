import { IN, type InotifyEvent } from './inotify-events.ts';
import type { Inspector } from './inspector.ts';
import type { Sweeper } from './sweep.ts';
import type { Tree } from './tree.ts';

/**
 * Carries one kernel event into the tree.
 * @returns true when the kernel's queue overflowed: events are lost, and only a deep sweep can tell which
 */
export function applyEvent(event: InotifyEvent, tree: Tree, inspector: Inspector, sweeper: Sweeper): boolean {
  if (event.mask & IN.Q_OVERFLOW) return true;
  const directory = tree.byWatch(event.watch);
  // Of a watch that was given up since; the directory's new place has been listed after that.
  if (!directory) return false;
  if (event.mask & IN.IGNORED) sweeper.handleWatchEnded(directory);
  else if (event.mask & (IN.DELETE_SELF | IN.MOVE_SELF)) sweeper.dropIfGone(directory);
  if (event.name === '' || !directory.attached) return false;
  const place = { directory, name: event.name };
  if (event.mask & IN.ISDIR) {
    const child = directory.children.get(event.name);
    if (event.mask & (IN.CREATE | IN.MOVED_TO)) {
      sweeper.discover(directory, event.name, (event.mask & IN.MOVED_TO) !== 0);
    } else if (child) {
      sweeper.dropIfGone(child);
    } else {
      inspector.handleLeft(place);
    }
  } else if (event.mask & IN.CREATE) {
    if (inspector.handleCreated(place) === 'directory') sweeper.discover(directory, event.name);
  } else if (event.mask & (IN.CLOSE_WRITE | IN.MOVED_TO)) {
    sweeper.inspect(place, 'event', (event.mask & IN.CLOSE_WRITE) !== 0);
  } else if (event.mask & (IN.MOVED_FROM | IN.DELETE)) {
    inspector.handleLeft(place);
  }
  return false;
}
