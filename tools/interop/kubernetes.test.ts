/*
 * What the base of deploy/kubernetes asks of a cluster, held to what the services need and to no more: rights, settings, probes.
 * `kubectl kustomize` builds it where there is one; no cluster has run it here.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { HEALTH_PATHS } from '../../common/http/health';
import { SETTING_NAMES } from '../../common/service/setting-names';
import { checkoutFolder } from '../stack/checkout';

const FOLDER = join(checkoutFolder(), 'deploy', 'kubernetes');

interface Reference {
  readonly name: string;
  readonly key: string;
}
interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly secretKeyRef?: Reference;
    readonly configMapKeyRef?: Reference;
    readonly fieldRef?: { readonly fieldPath: string };
  };
}
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string; readonly scheme: string };
}
interface Container {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly env: readonly EnvVar[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly resources: {
    readonly requests: { readonly cpu: string; readonly memory: string };
    readonly limits: { readonly memory: string; readonly cpu?: string };
  };
  readonly securityContext: {
    readonly privileged?: boolean;
    readonly runAsUser?: number;
    readonly allowPrivilegeEscalation: boolean;
    readonly readOnlyRootFilesystem: boolean;
    readonly capabilities: { readonly drop: readonly string[]; readonly add?: readonly string[] };
  };
  readonly volumeMounts: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly readOnly?: boolean;
  }[];
}
interface Projected {
  readonly items?: readonly { readonly key: string }[];
  readonly defaultMode?: number;
}
interface Volume {
  readonly name: string;
  readonly hostPath?: { readonly path: string };
  readonly secret?: Projected & { readonly secretName: string };
  readonly configMap?: { readonly name: string };
}
interface PodSpec {
  readonly automountServiceAccountToken: boolean;
  readonly enableServiceLinks: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly hostNetwork?: boolean;
  readonly securityContext: {
    readonly runAsNonRoot?: boolean;
    readonly runAsUser?: number;
    readonly fsGroup?: number;
    readonly fsGroupChangePolicy?: string;
    readonly seccompProfile: { readonly type: string };
  };
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes: readonly Volume[];
}
type Labels = Readonly<Record<string, string>>;
interface Workload {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly replicas?: number;
    readonly strategy?: { readonly type: string };
    readonly serviceName?: string;
    readonly selector: { readonly matchLabels: Labels };
    readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: PodSpec };
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
  };
}
interface Service {
  readonly kind: 'Service';
  readonly metadata: { readonly name: string };
  readonly spec: { readonly selector: Labels; readonly ports: readonly { readonly targetPort: string }[] };
}
interface Kustomization {
  readonly resources: readonly string[];
  readonly configMapGenerator: readonly { readonly name: string; readonly literals: readonly string[] }[];
}

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
(hasKubectl ? test : test.skip)('kubectl builds it, and every reference has the name that it made', () => {
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
});
