// Files as a map of rectangles, folder within folder: the larger, the more weight. Pure.

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A folder or a file; a folder's weight is the sum of what is in it. */
export interface TreeNode<T> {
  /** Its own name; of folders that hold nothing but one another, all of them: `src/main`. */
  readonly name: string;
  readonly path: string;
  readonly weight: number;
  readonly children: readonly TreeNode<T>[];
  /** Of a file. */
  readonly item?: T;
}

export interface PlacedNode<T> extends Box {
  readonly node: TreeNode<T>;
  readonly depth: number;
}

interface Growing<T> {
  readonly children: Map<string, Growing<T>>;
  items: { readonly item: T; readonly weight: number }[];
}

/** The folders of files by their paths, heaviest first. What has no weight is left out. */
export function treeOf<T>(
  items: readonly T[],
  pathOf: (item: T) => string,
  weightOf: (item: T) => number,
): TreeNode<T> {
  const root: Growing<T> = { children: new Map(), items: [] };
  for (const item of items) {
    const weight = weightOf(item);
    if (!(weight > 0)) continue;
    let at = root;
    for (const name of pathOf(item).split('/')) {
      const next = at.children.get(name) ?? { children: new Map(), items: [] };
      at.children.set(name, next);
      at = next;
    }
    at.items.push({ item, weight });
  }
  return grown(root, '', '');
}

function grown<T>(growing: Growing<T>, name: string, path: string): TreeNode<T> {
  const below = [...growing.children].map(([each, child]) =>
    grown(child, each, path ? `${path}/${each}` : each),
  );
  const [only] = below;
  // A folder with one folder in it says nothing of its own.
  if (below.length === 1 && only && only.children.length > 0 && growing.items.length === 0 && path !== '')
    return { ...only, name: `${name}/${only.name}` };
  const own = growing.items.map(({ item, weight }) => ({ name, path, weight, children: [], item }));
  if (below.length === 0 && own.length === 1 && own[0]) return own[0];
  const children = [...own, ...below].sort(
    (one, other) => other.weight - one.weight || (one.path < other.path ? -1 : 1),
  );
  return { name, path, weight: children.reduce((sum, { weight }) => sum + weight, 0), children };
}

/** The node of a path; the root where there is none. */
export function nodeAt<T>(root: TreeNode<T>, path: string): TreeNode<T> {
  const found = root.children.find(child => path === child.path || path.startsWith(`${child.path}/`));
  if (!found || found.children.length === 0) return root;
  return found.path === path ? found : nodeAt(found, path);
}

/**
 * Places everything below a node: folders leave a margin around what is in them, and room for their name where there
 * is enough.
 * @param header height of a folder's name
 */
export function placed<T>(
  root: TreeNode<T>,
  box: Box,
  { header, margin }: { header: number; margin: number },
): PlacedNode<T>[] {
  const all: PlacedNode<T>[] = [];
  const place = (node: TreeNode<T>, inner: Box, depth: number): void => {
    for (const each of squarified(node.children, inner)) {
      all.push({ ...each, depth });
      if (each.node.children.length === 0) continue;
      const hasName = each.height > header * 2 && each.width > header * 2;
      const top = hasName ? header : margin;
      const below = {
        x: each.x + margin,
        y: each.y + top,
        width: each.width - 2 * margin,
        height: each.height - top - margin,
      };
      if (below.width > 0 && below.height > 0) place(each.node, below, depth + 1);
    }
  };
  place(root, box, 0);
  return all;
}

/**
 * Rectangles as near to squares as can be, by the rows of Bruls, Huizing and van Wijk: a row takes the next node as long
 * as its worst rectangle gets no longer by that.
 */
export function squarified<T>(
  nodes: readonly TreeNode<T>[],
  box: Box,
): (Box & { readonly node: TreeNode<T> })[] {
  const whole = nodes.reduce((sum, { weight }) => sum + weight, 0);
  const scale = whole > 0 ? (box.width * box.height) / whole : 0;
  const made: (Box & { readonly node: TreeNode<T> })[] = [];
  let { x, y, width, height } = box;
  for (let from = 0; from < nodes.length; ) {
    const side = Math.min(width, height);
    let to = from + 1;
    let area = (nodes[from]?.weight ?? 0) * scale;
    let worst = longest(nodes, from, to, area, scale, side);
    while (to < nodes.length) {
      const grownArea = area + (nodes[to]?.weight ?? 0) * scale;
      const next = longest(nodes, from, to + 1, grownArea, scale, side);
      if (next > worst) break;
      worst = next;
      area = grownArea;
      to += 1;
    }
    const isAcross = width >= height;
    const depth = side > 0 ? area / side : 0;
    let along = isAcross ? y : x;
    for (const node of nodes.slice(from, to)) {
      const length = depth > 0 ? (node.weight * scale) / depth : 0;
      made.push(
        isAcross
          ? { node, x, y: along, width: depth, height: length }
          : { node, x: along, y, width: length, height: depth },
      );
      along += length;
    }
    if (isAcross) {
      x += depth;
      width = Math.max(0, width - depth);
    } else {
      y += depth;
      height = Math.max(0, height - depth);
    }
    from = to;
  }
  return made;
}

/** How long the worst rectangle of a row is for its width. Nodes come heaviest first. */
function longest<T>(
  nodes: readonly TreeNode<T>[],
  from: number,
  to: number,
  area: number,
  scale: number,
  side: number,
): number {
  const most = (nodes[from]?.weight ?? 0) * scale;
  const least = (nodes[to - 1]?.weight ?? 0) * scale;
  if (area === 0 || least === 0) return Number.POSITIVE_INFINITY;
  return Math.max((side * side * most) / (area * area), (area * area) / (side * side * least));
}
