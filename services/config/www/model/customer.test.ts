import { apiBase, sameCustomer } from './customer.ts';

test('a page of one customer asks that customer’s API, and stays one', () => {
  expect(apiBase('?customer=a%2Fb&panel=1')).toBe('/ca/customers/a%2Fb');
  expect(sameCustomer('?panel=2', '?customer=a%2Fb')).toBe('?panel=2&customer=a%2Fb');
  expect(sameCustomer('', '?customer=7')).toBe('?customer=7');
});

test('without a customer, or with an empty one, it is everything', () => {
  for (const search of ['', '?customer=', '?panel=1']) {
    expect(apiBase(search)).toBe('/ca');
    expect(sameCustomer('?panel=2', search)).toBe('?panel=2');
  }
});
