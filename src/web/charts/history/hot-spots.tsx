// Files as a map: the larger, the more often they changed; the darker, the more people changed them.
import { useMemo, useState } from 'preact/hooks';
import type { Answer } from '../../../client/index.ts';
import { useAsked } from '../../live/asked.ts';
import { client } from '../../live/live.ts';
import { count, number } from '../../parts/words.ts';
import { ChartFrame } from '../chart-frame.tsx';
import { questionOf } from '../range.ts';
import { type Source, useLast } from '../scope.ts';
import { nodeAt, type PlacedNode, placed, type TreeNode, treeOf } from '../treemap.ts';
import { useSize } from '../use-size.ts';
import { HISTORY_TOPICS, type HistoryProps, historyOf } from './activity.tsx';
import { churnBehind, readInPart, Unread } from './unread.tsx';

type File = Answer<'getHotspots'>['files'][number];

const FILES = 400;
/** People, from which on a file is so dark. */
const DARKNESS = [1, 2, 3, 5, 9] as const;

export function HotSpotsChart({ scope, sources, filter }: HistoryProps) {
  return (
    <div class="side-by-side">
      {sources.map((source, at) => (
        <OneMap
          key={source.url}
          id={at === 0 ? 'hot-spots' : `hot-spots-${at + 1}`}
          title={sources.length > 1 ? `Hot spots of ${source.name}` : 'Hot spots'}
          source={source}
          scope={scope}
          filter={filter}
        />
      ))}
    </div>
  );
}

function OneMap(
  props: Pick<HistoryProps, 'scope' | 'filter'> & {
    readonly id: string;
    readonly title: string;
    readonly source: Source;
  },
) {
  const { id, title, source, scope, filter } = props;
  const { since, until } = questionOf(scope.range, 'day');
  const asked = useAsked(
    signal => client.getHotspots({ ...historyOf(source, filter), since, until, limit: FILES }, { signal }),
    [source.url, since, until, filter.withoutBots, filter.path, churnBehind.value],
    HISTORY_TOPICS,
  );
  const kept = useLast(asked.value, source.url ?? '');
  const { files = [], unread = [] } = kept ?? {};
  const [path, setPath] = useState('');
  const tree = useMemo(() => treeOf(files, pathOf(source), ({ changes }) => changes), [kept]);
  const shown = nodeAt(tree, path);
  const [first] = files;
  const words = first
    ? `${count(files.length, 'file')}${files.length === FILES ? ' and more' : ''} changed; most often ${first.path}: ${count(first.changes, 'time')}, by ${count(first.people, 'person', 'people')}.`
    : '';
  const state = readInPart(unread);
  return (
    <ChartFrame
      id={id}
      title={title}
      words={words && words + state}
      legend={DARKNESS.map((from, at) => ({
        name: peopleWords(from, DARKNESS[at + 1]),
        mark: `heat-${at + 1}`,
      }))}
      figures={
        files.length > 0
          ? {
              columns: ['path', 'changes', 'people', 'added', 'removed', 'last change', 'repository'],
              rows: files.map(file => [
                file.path,
                file.changes,
                file.people,
                file.added,
                file.removed,
                file.lastChange,
                file.repository,
              ]),
            }
          : undefined
      }
      error={asked.error}
      isAsking={!asked.value && !asked.error}
      empty={unread.length > 0 ? <Unread /> : 'No file changed in this time.'}
    >
      <Crumbs path={shown === tree ? '' : shown.path} show={setPath} />
      <FolderMap root={shown} title={title} show={setPath} />
    </ChartFrame>
  );
}

function pathOf(source: Source): (file: File) => string {
  // Of several repositories, each is a folder of its own.
  return ({ path, repository }) =>
    source.url === undefined ? `${repository.replace(/^.*\//, '')}/${path}` : path;
}

function peopleWords(from: number, next: number | undefined): string {
  if (next === undefined) return `${from} people and more`;
  if (next === from + 1) return count(from, 'person', 'people');
  return `${from} to ${next - 1} people`;
}

function Crumbs({ path, show }: { readonly path: string; readonly show: (path: string) => void }) {
  if (path === '') return null;
  const parts = path.split('/');
  return (
    <nav class="crumbs" aria-label="Folder shown">
      <button type="button" class="small" onClick={() => show('')}>
        All files
      </button>
      {parts.map((name, at) => (
        <span key={name}>
          {' / '}
          {at === parts.length - 1 ? (
            <strong>{name}</strong>
          ) : (
            <button type="button" class="small" onClick={() => show(parts.slice(0, at + 1).join('/'))}>
              {name}
            </button>
          )}
        </span>
      ))}
    </nav>
  );
}

const HEIGHT_REM = 22;
const HEADER_REM = 1.15;
/** A character of the names, of the text's size. */
const CHARACTER_REM = 0.43;

interface FolderMapProps {
  readonly root: TreeNode<File>;
  readonly title: string;
  readonly show: (path: string) => void;
}

function FolderMap({ root, title, show }: FolderMapProps) {
  const { ref, width, rem } = useSize<HTMLDivElement>();
  const [at, setAt] = useState(-1);
  const boxes = useMemo(
    () =>
      width > 0
        ? placed(
            root,
            { x: 0, y: 0, width, height: HEIGHT_REM * rem },
            { header: HEADER_REM * rem, margin: 2 },
          )
        : [],
    [root, width, rem],
  );
  const chosen = boxes[at];
  const key = (event: KeyboardEvent): void => {
    const { length } = boxes;
    if (event.key === 'ArrowRight' || event.key === 'ArrowDown') setAt(Math.min(length - 1, at + 1));
    else if (event.key === 'ArrowLeft' || event.key === 'ArrowUp') setAt(Math.max(0, at - 1));
    else if (event.key === 'Home') setAt(0);
    else if (event.key === 'End') setAt(length - 1);
    else if (event.key === 'Enter' && chosen && chosen.node.children.length > 0) open(chosen.node.path);
    else if (event.key === 'Escape') open('');
    else return;
    event.preventDefault();
  };
  const open = (path: string): void => {
    setAt(-1);
    show(path);
  };
  const point = (event: PointerEvent | MouseEvent): number => {
    const { left, top } = (event.currentTarget as Element).getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top];
    // What lies in a folder comes after it.
    return boxes.findLastIndex(
      box => x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height,
    );
  };
  return (
    <>
      <div
        ref={ref}
        class="plot tree-map"
        role="slider"
        tabIndex={0}
        aria-label={title}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, boxes.length - 1)}
        aria-valuenow={Math.max(0, at)}
        aria-valuetext={chosen ? nodeWords(chosen.node) : `${count(boxes.length, 'rectangle')}`}
        onKeyDown={key}
        onPointerMove={event => setAt(point(event))}
        onClick={event => {
          const node = boxes[point(event)]?.node;
          if (node && node.children.length > 0) open(node.path);
        }}
        onPointerLeave={() => setAt(-1)}
      >
        {width > 0 ? (
          <svg width={width} height={HEIGHT_REM * rem} aria-hidden="true">
            {boxes.map((box, index) => (
              <Place key={`${box.node.path} ${box.depth}`} box={box} rem={rem} isChosen={index === at} />
            ))}
          </svg>
        ) : null}
      </div>
      <p class="note map-note">
        {chosen ? nodeWords(chosen.node) : 'Point at a file; a click on a folder shows it alone.'}
      </p>
    </>
  );
}

function nodeWords({ path, weight, children, item }: TreeNode<File>): string {
  if (!item) return `${path}/: ${count(weight, 'change')} in ${count(children.length, 'entry', 'entries')}`;
  const lines = `+${number(item.added)} −${number(item.removed)} lines`;
  return `${item.path}: ${count(item.changes, 'change')} by ${count(item.people, 'person', 'people')}, ${lines}${item.lastChange ? `, last on ${item.lastChange}` : ''}`;
}

function Place(props: { readonly box: PlacedNode<File>; readonly rem: number; readonly isChosen: boolean }) {
  const { box, rem, isChosen } = props;
  const { node, x, y, width, height } = box;
  const isFolder = node.children.length > 0;
  const name = fitting(node.name, width - 0.5 * rem, rem);
  const hasName = name !== '' && (isFolder ? height > HEADER_REM * rem * 2 : height > rem);
  const darkness = node.item ? DARKNESS.findLastIndex(from => (node.item?.people ?? 0) >= from) + 1 : 0;
  return (
    <g class={`${isFolder ? 'folder' : `file heat-${darkness}`} ${isChosen ? 'chosen' : ''}`}>
      <rect x={x + 0.5} y={y + 0.5} width={Math.max(0, width - 1)} height={Math.max(0, height - 1)} />
      {hasName ? (
        <text x={x + 0.3 * rem} y={y + 0.85 * rem}>
          {name}
        </text>
      ) : null}
    </g>
  );
}

/** As much of a name as there is room for; nothing where that says nothing. */
function fitting(name: string, width: number, rem: number): string {
  const room = Math.floor(width / (CHARACTER_REM * rem));
  if (name.length <= room) return name;
  return room < 4 ? '' : `${name.slice(0, room - 1)}…`;
}
