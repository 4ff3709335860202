import { csvLine } from './csv';

test('a comma or a quote within a field is quoted', () => {
  expect(csvLine(['a,b', 'say "x"', 1.5])).toBe('"a,b","say ""x""",1.5\r\n');
});

test.each(['=1+1', '+1', '-1', '@x'])('a spreadsheet takes %s as text, not as a formula', (text) => {
  expect(csvLine([text])).toBe(`'${text}\r\n`);
});

test('control characters in keys are escaped: one row is one line', () => {
  expect(csvLine(['a\r\nb\x1b[2J\u202e'])).toBe('a\\u000d\\u000ab\\u001b[2J\\u202e\r\n');
});

test('negative numbers stay numbers', () => {
  expect(csvLine([-1])).toBe('-1\r\n');
});
