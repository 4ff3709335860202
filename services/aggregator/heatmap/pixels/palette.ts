/*
 * Which colours a picture is made of. In: a theme, hues. Out: the ground of columns by how complete they are, and ramps
 * of shades. Next: paint.ts.
 *
 * Without a theme everything is as the first clients know it: 255 levels of saturation on white.
 */
import { groundOf, LESS_HUE, REST_HUE, shadeColour, type Theme } from '../../../../common/model/hue';
import { STATE } from '../column-states';
import { ramp as plainRamp, WHITE } from '../hue';
import { LEVELS } from '../shade';

export interface Palette {
  readonly theme: Theme | undefined;
  readonly ground: number;
  /** By state of a column: the ground where nothing was counted. */
  readonly grounds: readonly number[];
  /** Of a hue: the colour of each level. */
  readonly ramp: (hue: number) => Uint32Array;
}

/**
 * Missing nodes are a tint of yellow, lost events of red, the unknown is grey: neither a shade of anything nor the ground.
 * Of the first clients' white, too.
 */
const LIGHT = { [STATE.missing]: 0xfff3c4, [STATE.lost]: 0xffd9d6, [STATE.unknown]: 0xe4e4e4 };
const DARK = { [STATE.missing]: 0x3a3312, [STATE.lost]: 0x431c1c, [STATE.unknown]: 0x33373d };
const PRINT = { [STATE.missing]: 0xf0f0f0, [STATE.lost]: 0xd8d8d8, [STATE.unknown]: 0xe4e4e4 };

/** Shades that differ by less than the eye can tell would only make the picture larger. */
export const SHADES = 60;
/** Where hues mix there are more colours, and each picture holds few of a hue. */
const SHADES_MIXED = 28;

export function paletteOf(theme: Theme | undefined): Palette {
  const ground = theme === undefined ? WHITE : groundOf(theme);
  const tints = theme === 'dark' ? DARK : theme === 'print' ? PRINT : LIGHT;
  return {
    theme,
    ground,
    grounds: [ground, tints[STATE.missing], tints[STATE.lost], tints[STATE.unknown]],
    ramp: theme === undefined ? plainRamp : (hue) => themedRamp(hue, theme),
  };
}

const ramps = new Map<string, Uint32Array>();

function themedRamp(hue: number, theme: Theme): Uint32Array {
  // Three themes and 360 hues at most: 1 MB.
  const name = `${theme} ${hue}`;
  const known = ramps.get(name);
  if (known !== undefined) return known;
  const colours = Uint32Array.from({ length: LEVELS + 1 }, (_, level) =>
    shadeColour(hue, level / LEVELS, theme),
  );
  ramps.set(name, colours);
  return colours;
}

/** Fewer levels: whatever is there stays there. `layers`: how many of them share the picture. */
export function posterize(levels: readonly Uint8Array[]): void {
  const steps = levels.length > 1 ? SHADES_MIXED : SHADES;
  const table = Uint8Array.from({ length: LEVELS + 1 }, (_, level) =>
    level === 0 ? 0 : Math.max(1, Math.round((Math.ceil((level * steps) / LEVELS) * LEVELS) / steps)),
  );
  for (const layer of levels) for (let i = 0; i < layer.length; i++) layer[i] = table[layer[i] ?? 0] ?? 0;
}

/** Entry 0 is the ground, then shades of more, then as many of less. */
export function differencePalette(theme: Theme | undefined): Uint32Array {
  const { ground, ramp } = paletteOf(theme);
  const shades = (hue: number): number[] => {
    const colours = ramp(hue);
    return Array.from({ length: SHADES }, (_, i) => colours[Math.round(((i + 1) * LEVELS) / SHADES)] ?? 0);
  };
  return Uint32Array.from([ground, ...shades(REST_HUE), ...shades(LESS_HUE)]);
}
