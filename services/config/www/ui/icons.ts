/* Icons as shapes, not as characters: no font is sure to have them. In: a name. Out: an SVG element in the text's colour. */
import { s } from './dom.ts';

const SHAPES = {
  back: 'M9 3 4 8l5 5M13 3 8 8l5 5',
  forward: 'm3 3 5 5-5 5m4-10 5 5-5 5',
  pause: 'M5 3v10M11 3v10',
  close: 'M4 4l8 8M12 4l-8 8',
  theme: 'M8 2.5a5.5 5.5 0 1 0 0 11z',
  help: 'M6 6a2 2 0 1 1 2.8 1.8c-.6.3-.8.7-.8 1.4M8 11.8v.2',
  wall: 'M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4',
} as const;

export type IconName = keyof typeof SHAPES;

export function icon(name: IconName): SVGElement {
  const theme = name === 'theme';
  return s(
    'svg',
    { class: 'icon-shape', viewBox: '0 0 16 16', 'aria-hidden': 'true' },
    s('path', { d: SHAPES[name], fill: theme ? 'currentColor' : 'none' }),
    theme && s('circle', { cx: 8, cy: 8, r: 5.5, fill: 'none' }),
  );
}
