// Charts as files that a reader keeps.
import { csvOf, type FigureTable, fileName } from './csv.ts';

/** Hands a file to the reader. */
function save(name: string, type: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken it by then; without this the text stays in memory for as long as the page is open.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function saveCsv(title: string, figures: FigureTable): void {
  save(fileName(title, 'csv'), 'text/csv', csvOf(figures));
}

/** What a picture looks like stands in the pages' styles: a file of its own needs it in itself. */
const KEPT = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-linejoin',
  'opacity',
  'font-family',
  'font-size',
  'font-weight',
  'text-anchor',
  'dominant-baseline',
] as const;
const SVG = 'http://www.w3.org/2000/svg';
const MARGIN = 16;
const HEAD = 40;

/** Saves the picture as it is shown now, with its title and a ground of its own. */
export function saveSvg(title: string, about: string, picture: SVGSVGElement): void {
  const copy = withStyle(picture) as SVGSVGElement;
  const width = picture.clientWidth;
  const height = picture.clientHeight;
  const file = document.createElementNS(SVG, 'svg');
  const full = { width: width + 2 * MARGIN, height: height + HEAD + MARGIN };
  setAll(file, { xmlns: SVG, ...full, viewBox: `0 0 ${full.width} ${full.height}` });
  const style = getComputedStyle(picture);
  const ground = document.createElementNS(SVG, 'rect');
  const panel = getComputedStyle(document.documentElement).getPropertyValue('--panel').trim() || 'white';
  setAll(ground, { width: full.width, height: full.height, fill: panel });
  const head = document.createElementNS(SVG, 'text');
  setAll(head, { x: MARGIN, y: 26, fill: style.color, 'font-family': style.fontFamily, 'font-size': 15 });
  setAll(head, { 'font-weight': 600 });
  head.textContent = title;
  const name = document.createElementNS(SVG, 'title');
  name.textContent = title;
  const description = document.createElementNS(SVG, 'desc');
  description.textContent = about;
  const moved = document.createElementNS(SVG, 'g');
  setAll(moved, { transform: `translate(${MARGIN} ${HEAD})` });
  moved.append(...copy.childNodes);
  file.append(name, description, ground, head, moved);
  save(fileName(title, 'svg'), 'image/svg+xml', new XMLSerializer().serializeToString(file));
}

function withStyle(element: Element): Element {
  const copy = element.cloneNode(false) as Element;
  copy.removeAttribute('class');
  const style = getComputedStyle(element);
  for (const name of KEPT) {
    const value = style.getPropertyValue(name);
    if (value !== '') copy.setAttribute(name, value);
  }
  for (const child of element.childNodes) {
    if (child instanceof Element) {
      // What follows the pointer is no part of the picture.
      if (!child.classList.contains('pointed')) copy.append(withStyle(child));
    } else copy.append(child.cloneNode());
  }
  return copy;
}

function setAll(element: Element, attributes: Readonly<Record<string, string | number>>): void {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
}
