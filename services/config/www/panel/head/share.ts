/*
 * Taking things away from the page: files, pictures, commands, links. In: what a panel shows. Out: a download, or the
 * clipboard.
 */
import { h } from '../../ui/dom.ts';

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

/** Keys and their colours in lines of at most `width`, below the plot: [name, colour, left, line]. */
function legendLines(
  legend: readonly (readonly [string, string])[],
  width: number,
  widthOf: (name: string) => number,
  em: number,
): readonly (readonly [string, string, number, number])[] {
  let left = em;
  let line = 0;
  return legend.map(([name, colour]) => {
    const wide = widthOf(name) + 2.5 * em;
    if (left > em && left + wide > width) {
      left = em;
      line++;
    }
    const at = left;
    left += wide;
    return [name, colour, at, line] as const;
  });
}

/** Picture, axes, title and the colours of keys as one PNG, as large as it is on the screen. */
export async function plotPng(
  plot: HTMLElement,
  title: string,
  note: string,
  legend: readonly (readonly [string, string])[],
): Promise<Blob | undefined> {
  const box = plot.getBoundingClientRect();
  const ratio = Math.max(1, devicePixelRatio);
  const style = getComputedStyle(plot);
  const em = parseFloat(style.fontSize);
  const head = 3.4 * em;
  const canvas = h('canvas', {});
  const context = canvas.getContext('2d');
  if (context === null) return undefined;
  const small = `${0.85 * em}px ${style.fontFamily}`;
  context.font = small;
  const keys = legendLines(legend, box.width, (name) => context.measureText(name).width, em);
  const foot = keys.length === 0 ? 0 : (1 + (keys.at(-1)?.[3] ?? 0)) * 1.6 * em + 0.6 * em;
  const height = box.height + head + foot;
  canvas.width = box.width * ratio;
  canvas.height = height * ratio;
  context.scale(ratio, ratio);
  context.fillStyle = style.getPropertyValue('--panel').trim();
  context.fillRect(0, 0, box.width, height);
  context.fillStyle = style.getPropertyValue('--ink').trim();
  context.font = `600 ${em}px ${style.fontFamily}`;
  context.fillText(title, em, 1.5 * em, box.width - 2 * em);
  context.font = small;
  context.fillStyle = style.getPropertyValue('--muted').trim();
  context.fillText(note, em, 2.8 * em, box.width - 2 * em);
  for (const [name, colour, left, line] of keys) {
    const y = head + box.height + (1 + 1.6 * line) * em;
    context.fillStyle = colour;
    context.fillRect(left, y - 0.7 * em, 0.8 * em, 0.8 * em);
    context.fillStyle = style.getPropertyValue('--ink').trim();
    context.fillText(name, left + 1.2 * em, y);
  }
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
