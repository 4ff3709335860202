import type { Request } from '../../../common/http/http';
import { MergedCatalogue, type Described } from '../fleet/catalogue';
import { METADATA } from '../testing/fake-fleet';
import { readQuestion } from './question';

const FIELDS = ['hostname', 'execname', 'errno', 'syscall', 'latency'];
const TEXT = { label: 'text', type: 'string' } as const;
const metadata = {
  ...METADATA,
  fields: { ...METADATA.fields, errno: TEXT, syscall: TEXT },
  metrics: METADATA.metrics.map((metric) =>
    metric.stat === 'syscalls' ? { ...metric, fields: FIELDS } : metric,
  ),
};
const node = (source: string): Described => [
  source,
  { metadata, offers: [{ metric: 'syscall.syscalls', source, fields: FIELDS }] },
];

const ask = (catalogue: MergedCatalogue, predicate: object): unknown =>
  readQuestion(
    { json: { module: 'syscall', stat: 'syscalls', predicate }, query: new Map() } as unknown as Request,
    catalogue,
    undefined,
  ).predicate;

const LONG = { eq: ['execname', 'kube-controller-manager'] };

test('a filter that no event can match is refused, with the nearest one that can match', () => {
  const catalogue = new MergedCatalogue([node('bpf')]);
  expect(() => ask(catalogue, LONG)).toThrow(
    'can never match: execname has at most 15 bytes; did you mean "kube-controller"?',
  );
  expect(() => ask(catalogue, { ne: LONG.eq })).toThrow('can never match');
  expect(ask(catalogue, { eq: ['execname', 'kube-controller'] })).toMatchObject({
    constant: 'kube-controller',
  });
});

test('with sources of other systems, only values that no system has are refused', () => {
  const catalogue = new MergedCatalogue([node('bpf'), node('dtrace')]);
  expect(() => ask(catalogue, LONG)).toThrow(
    'execname has at most 16 bytes; did you mean "kube-controller-"?',
  );
  const sixteen = { eq: ['execname', 'sixteen-bytes-xx'] };
  expect(ask(catalogue, sixteen)).toMatchObject({ constant: 'sixteen-bytes-xx' });
  expect(() => ask(catalogue, { eq: ['errno', 'EAGIAN'] })).toThrow('did you mean "EAGAIN"?');
  expect(() => ask(catalogue, { ne: ['syscall', 'nosuchcall'] })).toThrow('can never match');
  expect(ask(catalogue, { eq: ['syscall', 'forksys'] })).toMatchObject({ constant: 'forksys' });
});
