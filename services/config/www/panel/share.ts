/*
 * Taking things away from the page: files, pictures, commands, links. In: what a panel shows. Out: a download, or the
 * clipboard.
 */
import { h } from '../ui/dom.ts';

export function download(name: string, type: string, data: string | Blob): void {
  const url = URL.createObjectURL(data instanceof Blob ? data : new Blob([data], { type }));
  const link = h('a', { attrs: { href: url, download: name } });
  link.click();
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 1000);
}

/** Downloads what an address of this service answers. */
export function follow(path: string, name: string): void {
  h('a', { attrs: { href: path, download: name } }).click();
}

/** True when it worked; without permission (plain http on another host) there is a field to copy from. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    window.prompt('Copy this:', text);
    return false;
  }
}

/** Picture, axes and title of a plot as one PNG, as large as it is on the screen. */
export async function plotPng(plot: HTMLElement, title: string, note: string): Promise<Blob | undefined> {
  const box = plot.getBoundingClientRect();
  const ratio = Math.max(1, devicePixelRatio);
  const style = getComputedStyle(plot);
  const em = parseFloat(style.fontSize);
  const head = 3.4 * em;
  const canvas = h('canvas', { attrs: { width: box.width * ratio, height: (box.height + head) * ratio } });
  const context = canvas.getContext('2d');
  if (context === null) return undefined;
  context.scale(ratio, ratio);
  context.fillStyle = style.getPropertyValue('--panel').trim();
  context.fillRect(0, 0, box.width, box.height + head);
  context.fillStyle = style.getPropertyValue('--ink').trim();
  context.font = `600 ${em}px ${style.fontFamily}`;
  context.fillText(title, em, 1.5 * em, box.width - 2 * em);
  context.font = `${0.85 * em}px ${style.fontFamily}`;
  context.fillStyle = style.getPropertyValue('--muted').trim();
  context.fillText(note, em, 2.8 * em, box.width - 2 * em);
  context.translate(0, head);
  context.imageSmoothingEnabled = false;
  for (const part of plot.querySelectorAll('canvas')) {
    const at = part.getBoundingClientRect();
    context.drawImage(part, at.left - box.left, at.top - box.top, at.width, at.height);
  }
  for (const svg of plot.querySelectorAll('svg')) await drawSvg(context, svg, box.width, box.height);
  return new Promise((resolve) => {
    canvas.toBlob((blob) => {
      resolve(blob ?? undefined);
    });
  });
}

/** The marks are styled by the page's sheet, which an image cannot see: the computed styles are written into a copy. */
async function drawSvg(
  context: CanvasRenderingContext2D,
  svg: SVGElement,
  width: number,
  height: number,
): Promise<void> {
  const copyOf = svg.cloneNode(true) as SVGElement;
  const from = [...svg.querySelectorAll('*')];
  [...copyOf.querySelectorAll('*')].forEach((element, i) => {
    const source = from[i];
    if (source === undefined) return;
    const style = getComputedStyle(source);
    for (const name of [
      'fill',
      'stroke',
      'stroke-width',
      'opacity',
      'font-size',
      'font-family',
      'font-weight',
    ]) {
      element.setAttribute(name, style.getPropertyValue(name));
    }
  });
  copyOf.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copyOf.setAttribute('width', String(width));
  copyOf.setAttribute('height', String(height));
  const url = URL.createObjectURL(new Blob([copyOf.outerHTML], { type: 'image/svg+xml' }));
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
    context.drawImage(image, 0, 0, width, height);
  } finally {
    URL.revokeObjectURL(url);
  }
}
