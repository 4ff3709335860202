import { CONTROL_EXCHANGE, exchangeOf, routes, VALUES_EXCHANGE } from './route';

test.each(['', 'blue', 'a.b', 'ca'])(
  'prefix "%s": values, and nothing but values, have an exchange of their own',
  (prefix) => {
    const keys = routes(prefix);
    const control = [
      keys.config,
      keys.broadcast,
      keys.aggregator('h-0'),
      keys.instrumenter('node1'),
      keys.tool('node1', 7),
      // Hosts may have any name of letters, dots and dashes.
      keys.instrumenter('instrumentation.1'),
    ];
    for (const key of control) expect(exchangeOf(key)).toBe(CONTROL_EXCHANGE);
    for (const fqid of ['global;1', 'cust:ca.config;2']) {
      expect(exchangeOf(keys.instrumentation(fqid))).toBe(VALUES_EXCHANGE);
    }
  },
);
