/* The budget of a node, kept on the real kernel. Needs root. */
import { SILENT } from '../../../common/service/log';
import { Instrumenter, type Standing } from './instrumenter';
import { Journal } from './journal';
import { instrumentation, makeCalls, onRealKernel, own } from '../sources/bpf/testing/real-kernel';

onRealKernel('the budget', (kernel) => {
  test('what costs more than the budget of its node is taken out of the kernel, the rest stays', async () => {
    const told: Standing[] = [];
    const instrumenter = new Instrumenter({
      clock: { now: () => Date.now(), everySecond: () => () => undefined },
      elapsed: () => performance.now() * 1e6,
      log: SILENT,
      journal: new Journal(),
      sources: [kernel.source],
      // Far below what these calls cost, also where others have most of the CPU.
      budget: { ofCore: 0.01, cpus: 1 },
      put: () => undefined,
      changed: (standing) => told.push(standing),
    });
    const cheap = instrumentation('unix.proc_execs', ['execname']);
    const dear = { ...instrumentation('syscall.syscalls', ['execname', 'latency']), id: '2' };
    await instrumenter.enable(cheap);
    await instrumenter.enable(dear);
    for (let second = 10; second < 14; second++) {
      await instrumenter.tick(second);
      // Half a million calls a second, of which half the time is ours.
      makeCalls(own('dear'), 100_000);
    }
    await instrumenter.tick(14);
    expect(told.at(-1)).toMatchObject({ fqid: 'global;2', state: 'failed' });
    expect(told.at(-1)?.reason).toContain('CA_PROBE_BUDGET');
    expect(instrumenter.rows()).toMatchObject([{ state: 'enabled' }, { state: 'failed' }]);
    await instrumenter.close();
  });
});
