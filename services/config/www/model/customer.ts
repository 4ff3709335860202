/* `?customer=<id>` looks at one customer's instrumentations, as that customer sees them. In: the address. Out: paths. */

/** undefined: everything that whoever looks may see. */
function customerOf(search: string): string | undefined {
  const customer = new URLSearchParams(search).get('customer');
  return customer === null || customer === '' ? undefined : encodeURIComponent(customer);
}

/** Where the API is. */
export function apiBase(search: string): string {
  const customer = customerOf(search);
  return customer === undefined ? '/ca' : `/ca/customers/${customer}`;
}

/** The query of a new state, of the same customer. */
export function sameCustomer(query: string, search: string): string {
  const customer = customerOf(search);
  return customer === undefined ? query : `${query}${query === '' ? '?' : '&'}customer=${customer}`;
}
