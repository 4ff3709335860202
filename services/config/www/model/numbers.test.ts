import { chooseLocale } from './numbers.ts';
import { formatCount, formatExact, formatShare, formatValue, shortCount } from './units.ts';

const TIME = { arity: 'numeric', unit: 'seconds', abbr: 's', base: 10, power: -9 } as const;

afterEach(() => {
  chooseLocale('en');
});

const written = (): readonly string[] => [
  formatCount(1_234_567),
  shortCount(99_999),
  formatValue(1500, TIME),
  formatExact(1099, TIME),
  formatShare(1, 30),
  formatShare(1, 100_000),
];

test.each([
  ['en', ['1,234,567', '99,999', '1.5 µs', '1.099 µs', '3.3 %', '<0.1 %']],
  ['de-DE', ['1.234.567', '99.999', '1,5 µs', '1,099 µs', '3,3 %', '<0,1 %']],
  ['fr-FR', ['1\u202F234\u202F567', '99\u202F999', '1,5 µs', '1,099 µs', '3,3 %', '<0,1 %']],
])('numbers are written as in %s', (locale, texts) => {
  chooseLocale(locale);
  expect(written()).toEqual(texts);
});

// What parts them there differs between versions of the language data, and a browser's is right whichever it has.
test.each(['fr-CH', 'de-CH', 'sv-SE', 'en-IN'])(
  'numbers are parted as this engine parts them in %s',
  (locale) => {
    const parts = new Intl.NumberFormat(locale, { numberingSystem: 'latn' }).formatToParts(1_234_567.5);
    const signOf = (type: string): string => parts.find((part) => part.type === type)?.value ?? '';
    const [group, decimal] = [signOf('group'), signOf('decimal')];
    const whole = parts
      .filter(({ type }) => type === 'integer' || type === 'group')
      .map(({ value }) => value);
    expect(group + decimal).toMatch(/^\D{2}$/u);
    chooseLocale(locale);
    expect(written()).toEqual([
      whole.join(''),
      `99${group}999`,
      `1${decimal}5 µs`,
      `1${decimal}099 µs`,
      `3${decimal}3 %`,
      `<0${decimal}1 %`,
    ]);
  },
);

test('digits are those of the times beside them, whatever the language', () => {
  chooseLocale('ar-EG');
  expect(formatCount(12)).toBe('12');
  chooseLocale(undefined);
  expect(formatCount(12)).toBe('12');
});
