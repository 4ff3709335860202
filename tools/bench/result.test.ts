import { result, row } from './result';

const rate = { id: 'x', what: 'rate', value: 50, unit: '/s', reference: { what: 'plain', value: 100 } };

test('a ratio is judged against its target, exactly at the bound too', () => {
  expect(result({ ...rate, targets: [{ of: 'ratio', atLeast: 0.5 }] })).toMatchObject({
    ratio: 0.5,
    ok: true,
  });
  expect(result({ ...rate, targets: [{ of: 'ratio', atLeast: 0.51 }] })).toMatchObject({ ok: false });
  expect(result({ ...rate, targets: [{ of: 'ratio', atMost: 0.4 }] })).toMatchObject({ ok: false });
});

test('far off is a factor of 4 on a ratio, never a matter of absolute figures', () => {
  const far = (target: object): boolean => result({ ...rate, targets: [{ of: 'ratio', ...target }] }).farOff;
  expect(far({ atLeast: 1.9 })).toBe(false);
  expect(far({ atLeast: 2.1 })).toBe(true);
  expect(far({ atMost: 0.13 })).toBe(false);
  expect(far({ atMost: 0.12 })).toBe(true);
  expect(result({ ...rate, targets: [{ of: 'value', atMost: 0.001 }] })).toMatchObject({
    ok: false,
    farOff: false,
  });
});

test('a ratio that cannot be told is not reached', () => {
  const { reference: _none, ...alone } = rate;
  expect(result({ ...alone, targets: [{ of: 'ratio', atLeast: 0.1 }] }).ok).toBe(false);
});

test('a row says value, reference, ratio, target and verdict', () => {
  expect(row(result({ ...rate, targets: [{ of: 'ratio', atLeast: 0.9 }] }))).toBe(
    '| rate | 50 /s | plain: 100 | 0.5 | ratio ≥ 0.9 | NO |',
  );
});
