/*
 * What the base of deploy/kubernetes asks of a cluster, held to what the services need and to no more: rights, settings, probes.
 * `kubectl kustomize` builds it where there is one; no cluster has run it here.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { HEALTH_PATHS } from '../../common/http/health';
import { SETTING_NAMES } from '../../common/service/setting-names';
import { buildFolder, checkoutFolder } from '../stack/checkout';
import type { Container, EnvVar, Kustomization, PodSpec, Service, Workload } from './manifests';

const FOLDER = join(checkoutFolder(), 'deploy', 'kubernetes');

const read = (file: string): string => readFileSync(join(FOLDER, file), 'utf8');
const kustomization = parse(read('kustomization.yaml')) as Kustomization;
const all = kustomization.resources.flatMap((file) =>
  parseAllDocuments(read(file)).map((document) => document.toJS() as { readonly kind: string }),
);
const workloads = all.filter(({ kind }) =>
  ['Deployment', 'StatefulSet', 'DaemonSet'].includes(kind),
) as Workload[];
const services = all.filter(({ kind }) => kind === 'Service') as Service[];
const pod = (kind: string): PodSpec => {
  const found = workloads.find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`there is no ${kind}`);
  return found.spec.template.spec;
};
const containersOf = ({ initContainers = [], containers }: PodSpec): Container[] => [
  ...initContainers,
  ...containers,
];
const containers = workloads.flatMap(({ spec }) => containersOf(spec.template.spec));

/** Of the node part, and of nobody else. */
const NODE_CAPABILITIES = ['BPF', 'PERFMON', 'SYS_PTRACE', 'DAC_READ_SEARCH'];

test('there are a config service, aggregators and the node part', () => {
  expect(workloads.map(({ kind, metadata: { name } }) => `${kind} ${name}`).sort()).toEqual([
    'DaemonSet cloud-analytics-node',
    'Deployment cloud-analytics-config',
    'StatefulSet cloud-analytics-aggregator',
  ]);
});

test.each(containers)('$name cannot gain rights, nor write to its image', ({ image, securityContext }) => {
  expect(image).toBe('cloud-analytics');
  expect(securityContext).toMatchObject({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
  expect(securityContext.privileged ?? false).toBe(false);
});

test('the instrumenter alone has capabilities: the four of its unit', () => {
  const unit = readFileSync(
    join(checkoutFolder(), 'smf', 'systemd', 'cloud-analytics-instrumenter.service'),
    'utf8',
  );
  const [, inUnit = ''] = /^CapabilityBoundingSet=(.*)$/m.exec(unit) ?? [];
  expect(inUnit.split(' ').map((name) => name.replace('CAP_', ''))).toEqual(NODE_CAPABILITIES);
  for (const { name, securityContext } of containers)
    expect([name, securityContext.capabilities.add ?? []]).toEqual([
      name,
      name === 'instrumenter' ? NODE_CAPABILITIES : [],
    ]);
});

test('only the node part is root, or sees the machine', () => {
  for (const { kind, spec } of workloads) {
    const { hostPID, hostIPC, hostNetwork, securityContext, volumes } = spec.template.spec;
    const isNode = kind === 'DaemonSet';
    expect([hostPID ?? false, hostNetwork ?? false, hostIPC ?? false]).toEqual([isNode, isNode, false]);
    expect(securityContext.seccompProfile).toEqual({ type: 'RuntimeDefault' });
    const paths = volumes.flatMap(({ hostPath }) => hostPath?.path ?? []);
    if (isNode) {
      expect(paths.every((path) => /^\/(var\/lib\/cloud-analytics-node\/|sys\/fs\/cgroup$)/.test(path))).toBe(
        true,
      );
      continue;
    }
    expect(paths).toEqual([]);
    expect(securityContext).toMatchObject({ runAsNonRoot: true, fsGroupChangePolicy: 'OnRootMismatch' });
    expect(securityContext.runAsUser).toBeGreaterThan(0);
    expect(securityContext.fsGroup).toBeGreaterThan(0);
    for (const { securityContext: own } of containersOf(spec.template.spec))
      expect(own.runAsUser).toBeUndefined();
  }
});

test('no pod has a token of the cluster’s, or variables of other services', () => {
  for (const { automountServiceAccountToken, enableServiceLinks } of workloads.map(
    ({ spec }) => spec.template.spec,
  ))
    expect([automountServiceAccountToken, enableServiceLinks]).toEqual([false, false]);
});

/** Set by the unit, not by the operator. */
const OF_THE_UNIT = ['CA_HOME', 'CA_INSTANCE'];

test.each(containers)('every variable of $name is a setting that it knows', ({ name, env }) => {
  const known = new Set(SETTING_NAMES.map((one) => `CA_${one}`));
  const names = env.map((one) => one.name);
  expect(names.filter((one) => !known.has(one))).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
  if (name === 'join') return;
  const file = join(checkoutFolder(), 'deploy', 'debian', 'conf', `${name}.environment`);
  const documented = [...readFileSync(file, 'utf8').matchAll(/^#(CA_\w+)=/gm)].map(([, one]) => one);
  expect(names.filter((one) => !OF_THE_UNIT.includes(one) && !documented.includes(one))).toEqual([]);
});

/** What a cluster would put in place of references; files of volumes are below `folder`. */
function environmentOf({ env }: Container, folder: string): NodeJS.ProcessEnv {
  const settings = new Map(
    kustomization.configMapGenerator.flatMap(({ literals }) =>
      literals.map((literal): [string, string] => [
        literal.slice(0, literal.indexOf('=')),
        literal.slice(literal.indexOf('=') + 1),
      ]),
    ),
  );
  const fields: Readonly<Record<string, string>> = {
    'spec.nodeName': 'n1.example',
    'status.podIP': '10.1.2.3',
    "metadata.labels['apps.kubernetes.io/pod-index']": '3',
  };
  const of = ({ value, valueFrom }: EnvVar): string | undefined => {
    if (value !== undefined) return value.startsWith('/') ? join(folder, value) : value;
    if (valueFrom?.secretKeyRef !== undefined) return 'amqps://user:password@broker.example:5671/';
    if (valueFrom?.fieldRef !== undefined) return fields[valueFrom.fieldRef.fieldPath];
    return settings.get(valueFrom?.configMapKeyRef?.key ?? '');
  };
  return Object.fromEntries(env.map((one) => [one.name, of(one)]));
}

test.each(['config', 'aggregator', 'instrumenter'])(
  'the service %s takes the settings that it is given',
  (name) => {
    const container = containers.find((one) => one.name === name);
    if (container === undefined) throw new Error(`there is no container ${name}`);
    const folder = mkdtempSync(join(tmpdir(), 'ca-kubernetes-'));
    try {
      mkdirSync(join(folder, 'etc', 'tokens'), { recursive: true });
      const tokens = `operator operator ${'0'.repeat(64)}\n`;
      writeFileSync(join(folder, 'etc', 'tokens', 'tokens'), tokens, { mode: 0o440 });
      const env = environmentOf(container, folder);
      expect(Object.values(env)).not.toContain(undefined);
      // A node's broker is in the file that join writes.
      const joined = name === 'instrumenter' ? { CA_AMQP_URL: 'amqps://broker.example:5671/' } : {};
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [join(buildFolder(), 'services', name, 'main.js'), '--check'],
        { env: { ...env, ...joined }, encoding: 'utf8', timeout: 30_000 },
      );
      expect([status, stderr, stdout.split('\n').length]).toEqual([0, '', 2]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

test('passwords and tokens come from Secrets, the rest from one ConfigMap that is there', () => {
  const [settings] = kustomization.configMapGenerator;
  const keys = settings?.literals.map((literal) => literal.split('=')[0]);
  for (const { env } of containers) {
    for (const { name, value, valueFrom } of env) {
      if (['CA_AMQP_URL', 'CA_JOIN_TOKEN'].includes(name)) expect(valueFrom?.secretKeyRef).toBeDefined();
      if (valueFrom === undefined) expect(typeof value).toBe('string');
      const from = valueFrom?.configMapKeyRef;
      if (from === undefined) continue;
      expect(from.name).toBe(settings?.name);
      expect(keys).toContain(from.key);
    }
  }
});

test('every file that a setting names lies in a volume', () => {
  for (const { env, volumeMounts } of containers) {
    for (const { name, value } of env) {
      if (value?.startsWith('/') !== true) continue;
      const holds = volumeMounts.some(
        ({ mountPath }) => value === mountPath || value.startsWith(`${mountPath}/`),
      );
      expect([name, holds]).toEqual([name, true]);
    }
  }
});

test('every mount is of a volume, and only state can be written', () => {
  for (const { spec } of workloads) {
    const claims = spec.volumeClaimTemplates?.map(({ metadata }) => metadata.name) ?? [];
    const names = [...spec.template.spec.volumes.map(({ name }) => name), ...claims];
    for (const { name: container, volumeMounts } of containersOf(spec.template.spec)) {
      expect(volumeMounts.filter(({ name }) => !names.includes(name))).toEqual([]);
      const written = volumeMounts.filter(({ readOnly }) => readOnly !== true).map(({ name }) => name);
      expect(written).toEqual([container === 'join' ? 'settings' : 'state']);
    }
  }
});

test('a key is where it is shown, and nowhere else; nobody beyond the group can read a Secret', () => {
  const keysOf = ({ volumes }: PodSpec): string[] =>
    volumes.flatMap(({ secret }) =>
      secret === undefined ||
      (secret.items !== undefined && !secret.items.some(({ key }) => key === 'tls.key'))
        ? []
        : [secret.secretName],
    );
  expect(keysOf(pod('DaemonSet'))).toEqual([]);
  expect(keysOf(pod('StatefulSet'))).toEqual(['cloud-analytics-aggregators']);
  expect(keysOf(pod('Deployment'))).toEqual(['cloud-analytics-tokens', 'cloud-analytics-door']);
  for (const kind of ['StatefulSet', 'Deployment'])
    for (const { secret } of pod(kind).volumes)
      if (secret !== undefined) expect(secret.defaultMode).toBe(0o440);
});

test('services with a port are probed at the paths that they have; the node part has none', () => {
  for (const { name, ports, livenessProbe, readinessProbe } of containers) {
    const probes = [livenessProbe, readinessProbe].flatMap((probe) => probe?.httpGet ?? []);
    const expected = ['config', 'aggregator'].includes(name) ? HEALTH_PATHS : [];
    expect(probes.map(({ path }) => path)).toEqual(expected);
    for (const { port, scheme } of probes) {
      expect(scheme).toBe('HTTPS');
      expect(ports?.map((one) => one.name)).toContain(port);
    }
  }
});

test.each(containers)(
  '$name says what it takes, and its memory ends',
  ({ resources: { requests, limits } }) => {
    expect([requests.cpu, requests.memory]).toEqual([expect.any(String), expect.any(String)]);
    expect(limits.memory).toMatch(/^\d+(Mi|Gi)$/);
  },
);

test('Services and workloads find their pods; there is one config service, never two at once', () => {
  for (const { spec } of workloads)
    expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels);
  for (const { metadata, spec } of services) {
    const target = workloads.find(({ metadata: { name } }) => name === metadata.name);
    expect(target?.spec.template.metadata.labels).toMatchObject(spec.selector);
    const names = target?.spec.template.spec.containers.flatMap(({ ports = [] }) =>
      ports.map(({ name }) => name),
    );
    for (const { targetPort } of spec.ports) expect(names).toContain(targetPort);
  }
  const config = workloads.find(({ kind }) => kind === 'Deployment');
  expect([config?.spec.replicas, config?.spec.strategy?.type]).toEqual([1, 'Recreate']);
});

const hasKubectl = spawnSync('kubectl', ['version', '--client'], { stdio: 'ignore' }).status === 0;
const unless = hasKubectl ? '' : ' (skipped: no kubectl here)';
(hasKubectl ? test : test.skip)(
  `kubectl builds it, and every reference has the name that it made${unless}`,
  () => {
    const text = execFileSync('kubectl', ['kustomize', FOLDER], { encoding: 'utf8', timeout: 30_000 });
    const built = parseAllDocuments(text).map(
      (document) => document.toJS() as { kind: string; metadata: { name: string; namespace?: string } },
    );
    const map = built.find(({ kind }) => kind === 'ConfigMap');
    expect(map?.metadata.name).toMatch(/^cloud-analytics-settings-\w+$/);
    expect(text.match(/name: cloud-analytics-settings(?!-)/g)).toBeNull();
    expect(text).not.toMatch(/image: cloud-analytics\n/);
    const spaces = built
      .filter(({ kind }) => kind !== 'Namespace')
      .map(({ metadata: { namespace } }) => namespace);
    expect(new Set(spaces)).toEqual(new Set(['cloud-analytics']));
  },
);
