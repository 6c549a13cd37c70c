import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';

const STYLES = resolve(import.meta.dirname, '../../../src/web/styles');
type Rgb = readonly [red: number, green: number, blue: number];
type Matrix = readonly [Rgb, Rgb, Rgb];

/** Colours of the pages by their names, in light and dark. */
function colours(): Readonly<Record<'light' | 'dark', ReadonlyMap<string, Rgb>>> {
  const text = ['base.css', 'charts.css'].map(name => readFileSync(resolve(STYLES, name), 'utf8')).join('\n');
  const read = (from: string): [string, Rgb][] =>
    [...from.matchAll(/--([\w-]+): #([0-9a-f]{6});/g)].map(([, name = '', hex = '']) => [
      name,
      [0, 2, 4].map(at => Number.parseInt(hex.slice(at, at + 2), 16) / 255) as unknown as Rgb,
    ]);
  const dark = [...text.matchAll(/@media \(prefers-color-scheme: dark\) \{\s*:root \{([^}]*)\}/g)];
  const darkText = dark.map(([, inner]) => inner).join('\n');
  const lightText = dark.reduce((rest, [whole]) => rest.replace(whole, ''), text);
  return { light: new Map(read(lightText)), dark: new Map(read(darkText)) };
}

/** How eyes see colours: all cones, or without those for long, middle or short waves (Machado et al. 2009). */
const EYES: Readonly<Record<string, Matrix>> = {
  usual: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

const linear = (value: number): number =>
  value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
const times = (matrix: Matrix, [r, g, b]: Rgb): Rgb =>
  matrix.map(([x, y, z]) => Math.min(1, Math.max(0, x * r + y * g + z * b))) as unknown as Rgb;

/** As it is seen, in OKLab, where distances are those that people see. */
function seen(colour: Rgb, eyes: Matrix): Rgb {
  const [r, g, b] = times(eyes, colour.map(linear) as unknown as Rgb);
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

const distance = (one: Rgb, other: Rgb): number =>
  Math.hypot(...one.map((value, at) => value - (other[at] ?? 0)));
const luminance = (colour: Rgb): number => {
  const [r, g, b] = colour.map(linear) as unknown as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
function contrast(one: Rgb, other: Rgb): number {
  const [bright = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (bright + 0.05) / (dark + 0.05);
}

/** What stands side by side in one chart. */
const TOGETHER = [
  ['mark-1', 'mark-1-pale'],
  ['mark-1', 'mark-2'],
  ['mark-1', 'mark-2', 'mark-3'],
];
/** Twice what is just told apart side by side. */
const LEAST_DISTANCE = 0.08;

test('colours of a chart are told apart by all kinds of eyes, in light and dark (W-108)', () => {
  for (const [look, known] of Object.entries(colours())) {
    const of = (name: string): Rgb => known.get(name) ?? assert.fail(`${look} has no ${name}`);
    for (const [kind, eyes] of Object.entries(EYES)) {
      for (const group of TOGETHER) {
        for (const [at, one] of group.entries()) {
          for (const other of group.slice(at + 1)) {
            const apart = distance(seen(of(one), eyes), seen(of(other), eyes));
            assert.ok(
              apart >= LEAST_DISTANCE,
              `${look}, ${kind}: ${one} and ${other} are ${apart.toFixed(3)} apart`,
            );
          }
        }
      }
      // The scale of darkness goes one way, by steps that can be seen.
      for (let step = 1; step <= 6; step += 1) {
        const [before] = seen(of(`heat-${step - 1}`), eyes);
        const [after] = seen(of(`heat-${step}`), eyes);
        const further = look === 'light' ? before - after : after - before;
        assert.ok(
          further > 0.03,
          `${look}, ${kind}: heat-${step} is ${further.toFixed(3)} from the one before`,
        );
      }
    }
    for (const name of ['mark-1', 'mark-2', 'mark-3', 'mark-gone'])
      assert.ok(contrast(of(name), of('panel')) >= 3, `${look}: ${name} is faint`);
    for (let step = 1; step <= 6; step += 1) {
      const text = step <= 3 ? 'on-pale' : 'on-dark';
      const clear = contrast(of(`heat-${step}`), of(text));
      assert.ok(clear >= 4.5, `${look}: ${text} on heat-${step} has ${clear.toFixed(2)}`);
    }
  }
});
