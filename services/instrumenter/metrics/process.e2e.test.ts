/* The fields that every event of a running process has, on the real kernel, hostile names included. Needs root. */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { gridOf } from '../../../common/model/field';
import { totalCount } from '../../../common/model/distribution';
import { nameFromBytes } from '../../../common/model/name';
import { totalOf } from '../../../common/model/value';
import {
  both,
  GETPPID,
  is,
  makeCalls,
  onRealKernel,
  own,
  perl,
  rename,
} from '../sources/bpf/testing/real-kernel';

onRealKernel('fields of processes', (kernel) => {
  test('names are bytes: commas, quotes, controls and what is no UTF-8 arrive unharmed and can be asked for', async () => {
    const names = [
      { bytes: Buffer.from('a,b"c\n\\\t@x: 5'), text: 'a,b"c\n\\\t@x: 5' },
      { bytes: Buffer.from([0x61, 0xff, 0xfe, 0x62]), text: 'a\\xff\\xfeb' },
      { bytes: Buffer.from('__proto__'), text: '__proto__' },
      { bytes: Buffer.from('fünfzehn-Byte€'), text: 'fünfzehn-Byte\\xe2' },
    ];
    const all = await kernel.enable('syscall.syscalls', ['execname'], is('syscall', 'getppid'));
    for (const { bytes, text } of names) {
      const one = await kernel.enable(
        'syscall.syscalls',
        [],
        both(is('syscall', 'getppid'), is('execname', text)),
      );
      makeCalls(bytes, 11);
      expect([text, totalOf(await kernel.read(one))]).toEqual([text, 11]);
    }
    const numbers = await kernel.numbers(all);
    for (const { text } of names) expect([text, numbers.get(text)]).toEqual([text, 11]);
  });

  test('arguments are those of /proc, with blanks; also long, hostile and other processes’', async () => {
    const script = `for (1..17) { syscall(${GETPPID}) } open(F, "<", "/proc/$$/cmdline"); binmode STDOUT; print <F>`;
    const shown = (cmdline: string): string =>
      nameFromBytes(Buffer.from(cmdline.replace(/\0$/, '').replaceAll('\0', ' ')).subarray(0, 80)).trimEnd();
    for (const args of [['x'], ['a,b"c\n\\', '', 'é\u0001'], ['long'.repeat(30)], ['  ', 'x', '  ']]) {
      const probe = await kernel.enable('syscall.syscalls', ['psargs'], is('syscall', 'getppid'));
      const parents = await kernel.enable(
        'syscall.syscalls',
        ['ppsargs'],
        both(is('syscall', 'getppid'), is('ppid', String(process.pid))),
      );
      const text = shown(perl(script, ...args));
      expect(text.length).toBeGreaterThan(50);
      expect((await kernel.numbers(probe)).get(text)).toBe(17);
      const own = shown(readFileSync('/proc/self/cmdline', 'utf8'));
      expect((await kernel.numbers(parents)).get(own)).toBe(17);
      const one = await kernel.enable(
        'syscall.syscalls',
        [],
        both(is('syscall', 'getppid'), is('psargs', text)),
      );
      perl(script, ...args);
      perl(script, ...args, 'more');
      expect(totalOf(await kernel.read(one))).toBe(text.length < 80 ? 17 : 34);
    }
  });

  test('a program with named threads is one program in every metric, and its threads are a field of their own', async () => {
    // A worker of Node.js has threads; each takes a name of its own for as long as it works.
    const worker = `const { writeFileSync } = require('fs');
      const { threadId } = require('worker_threads');
      writeFileSync('/proc/thread-self/comm', 'worker-' + threadId);
      for (let i = 0; i < 40; i++) require('fs').statSync('/proc/thread-self');
      require('fs').writeFileSync('/tmp/' + process.title, 'x');`;
    const comm = own('threads');
    const program = `process.title = '${comm}'; require('fs').writeFileSync('/proc/self/comm', '${comm}');
      const { Worker } = require('worker_threads');
      for (let i = 0; i < 3; i++) new Worker(${JSON.stringify(worker)}, { eval: true })`;
    const mine = is('execname', comm);
    const threads = await kernel.enable('syscall.syscalls', ['threadname'], mine);
    const written = await kernel.enable('fs.logical_ops', ['threadname'], mine);
    const exits = await kernel.enable('unix.proc_exits', ['execname'], mine);
    const ran = await kernel.enable('cpu.thread_executions', ['threadname'], mine);
    spawnSync(process.execPath, ['-e', program]);
    rmSync(`/tmp/${comm}`, { force: true });
    for (const probe of [threads, written, ran]) {
      const numbers = await kernel.numbers(probe);
      for (const id of [1, 2, 3]) expect(numbers.get(`worker-${id}`)).toBeGreaterThan(0);
    }
    expect(await kernel.numbers(exits)).toEqual(new Map([[comm, 1]]));
  });

  test('a kernel thread has no arguments', async () => {
    const probe = await kernel.enable('cpu.thread_executions', ['psargs'], is('ppid', '2'));
    perl('select(undef, undef, undef, 0.2)');
    const numbers = await kernel.numbers(probe);
    expect([...numbers.keys()]).toEqual(['']);
  });

  test('a call’s place within its second is the wall clock’s', async () => {
    const comm = own('subsec');
    const probe = await kernel.enable(
      'syscall.syscalls',
      ['subsecond'],
      both(is('execname', comm), is('syscall', 'getppid')),
    );
    const script = `use Time::HiRes qw(time); ${rename(comm)} $t = time; syscall(${GETPPID}); printf "%.6f", $t`;
    const at = Number(perl(script));
    const value = await kernel.read(probe);
    const distribution = value.shape === 'distribution' ? value.distribution : [];
    expect(totalCount(distribution)).toBe(1);
    const expected = gridOf('subsecond').bucketOf((at % 1) * 1000);
    const off = Math.abs((distribution[0] ?? -1) - expected);
    expect(Math.min(off, 100 - off)).toBeLessThanOrEqual(2);
  });
});
