import { unescapeXml } from './answer.ts';

/** An element of S3's documents: how it begins as a rule, and what finds it and its text in any form, white space kept. */
export interface XmlElement {
  readonly tag: string;
  readonly pattern: RegExp;
}

/** The element of that name, whatever prefix and attributes it has. */
export function xmlElement(name: string): XmlElement {
  return {
    tag: `<${name}>`,
    pattern: new RegExp(`<(?:[\\w.-]+:)?${name}(?:\\s[^>]*)?>(?:<!\\[CDATA\\[([\\s\\S]*?)\\]\\]>|([^<]*))<`),
  };
}

/** The text of the first such element, its entities resolved; empty where there is none. Pure. */
export function xmlTextOf({ tag, pattern }: XmlElement, xml: string): string {
  const at = xml.indexOf(tag);
  const from = at + tag.length;
  const to = at < 0 ? -1 : xml.indexOf('</', from);
  if (to >= 0 && xml.indexOf('<', from) === to) {
    const plain = xml.slice(from, to);
    return plain.includes('&') ? unescapeXml(plain) : plain;
  }
  const match = pattern.exec(xml);
  if (match === null) return '';
  const text = match[1] ?? match[2] ?? '';
  return match[1] === undefined && text.includes('&') ? unescapeXml(text) : text;
}

/** What the end of a whole document looks like; one without entries may be one empty element. */
export function xmlEnd(root: string): RegExp {
  return new RegExp(`<(?:/(?:[\\w.-]+:)?${root}\\s*|(?:[\\w.-]+:)?${root}(?:\\s[^>]*)?/)>\\s*$`);
}
