/* Names of errors, signals and system calls of illumos, where they are not those of Linux. Data. "none" is success. */

/** As Linux's: a table for parseTable of syscalls.ts. From 35 on they are other numbers. */
export const ILLUMOS_ERRNOS = `
  0:none 1:EPERM 2:ENOENT 3:ESRCH 4:EINTR 5:EIO 6:ENXIO 7:E2BIG 8:ENOEXEC 9:EBADF 10:ECHILD 11:EAGAIN
  12:ENOMEM 13:EACCES 14:EFAULT 15:ENOTBLK 16:EBUSY 17:EEXIST 18:EXDEV 19:ENODEV 20:ENOTDIR 21:EISDIR
  22:EINVAL 23:ENFILE 24:EMFILE 25:ENOTTY 26:ETXTBSY 27:EFBIG 28:ENOSPC 29:ESPIPE 30:EROFS 31:EMLINK
  32:EPIPE 33:EDOM 34:ERANGE 35:ENOMSG 36:EIDRM 45:EDEADLK 46:ENOLCK 47:ECANCELED 48:ENOTSUP 49:EDQUOT
  60:ENOSTR 61:ENODATA 62:ETIME 63:ENOSR 67:ENOLINK 71:EPROTO 74:EMULTIHOP 77:EBADMSG 78:ENAMETOOLONG
  79:EOVERFLOW 88:EILSEQ 89:ENOSYS 90:ELOOP 91:ERESTART 92:ESTRPIPE 93:ENOTEMPTY 94:EUSERS 95:ENOTSOCK
  96:EDESTADDRREQ 97:EMSGSIZE 98:EPROTOTYPE 99:ENOPROTOOPT 120:EPROTONOSUPPORT 121:ESOCKTNOSUPPORT
  122:EOPNOTSUPP 123:EPFNOSUPPORT 124:EAFNOSUPPORT 125:EADDRINUSE 126:EADDRNOTAVAIL 127:ENETDOWN
  128:ENETUNREACH 129:ENETRESET 130:ECONNABORTED 131:ECONNRESET 132:ENOBUFS 133:EISCONN 134:ENOTCONN
  143:ESHUTDOWN 145:ETIMEDOUT 146:ECONNREFUSED 147:EHOSTDOWN 148:EHOSTUNREACH 149:EALREADY
  150:EINPROGRESS 151:ESTALE
`;

/** From 1 on; from 7 on they are other numbers than Linux's. */
export const ILLUMOS_SIGNALS: readonly string[] = (
  'HUP INT QUIT ILL TRAP ABRT EMT FPE KILL BUS SEGV SYS PIPE ALRM TERM USR1 USR2 CHLD PWR WINCH URG IO ' +
  'STOP TSTP CONT TTIN TTOU VTALRM PROF XCPU XFSZ WAITING LWP FREEZE THAW CANCEL LOST XRES JVM1 JVM2 INFO'
)
  .split(' ')
  .map((name) => `SIG${name}`);

/** As DTrace's provider `syscall` calls them, without numbers; also the names that others replaced. */
export const ILLUMOS_SYSCALLS: readonly string[] = `
  nosys rexit forkall read write open close wait creat link unlink exec chdir gtime mknod chmod chown brk stat
  lseek getpid mount umount setuid getuid stime pcsample alarm fstat pause utime stty gtty access nice statfs
  syssync kill fstatfs setpgrp uucopystr dup pipe times profil setgid getgid ssig msgsys sysi86 sysacct shmsys
  semsys ioctl uadmin utssys fdsync exece umask chroot fcntl ulimit tasksys acctctl exacctsys getpagesizes
  rctlsys sidsys fsat lwp_park sendfilev rmdir mkdir getdents privsys ucredsys sysfs getmsg putmsg poll lstat
  symlink readlink setgroups getgroups fchmod fchown sigprocmask sigsuspend sigaltstack sigaction sigpending
  setcontext statvfs fstatvfs getloadavg nfs waitsys sigsendsys sigresend priocntlsys pathconf mincore mmap
  mprotect munmap fpathconf vfork fchdir readv writev xstat lxstat fxstat xmknod mmapobj setrlimit getrlimit
  lchown memcntl getpmsg putpmsg rename uname setegid sysconfig adjtime systeminfo sharefs seteuid forksys
  fork1 sigwait lwp_info yield lwp_sema_wait lwp_sema_post lwp_sema_trywait lwp_detach corectl modctl fchroot
  utimes vhangup gettimeofday getitimer setitimer lwp_create lwp_exit lwp_suspend lwp_continue lwp_kill
  lwp_self lwp_sigmask lwp_wait lwp_mutex_wakeup lwp_mutex_lock lwp_cond_wait lwp_cond_signal
  lwp_cond_broadcast pread pwrite llseek inst_sync brandsys kaio cpc meminfosys rusagesys portfs pollsys
  labelsys acl c2audit auditsys processor_bind processor_info p_online sigqueue clock_gettime clock_settime
  clock_getres timer_create timer_delete timer_settime timer_gettime timer_getoverrun nanosleep facl doorfs
  door setreuid setregid install_utrap signotify schedctl pset sparc_utrap_install resolvepath
  lwp_mutex_timedlock lwp_sema_timedwait lwp_rwlock_sys getdents64 mmap64 stat64 lstat64 fstat64 statvfs64
  fstatvfs64 setrlimit64 getrlimit64 pread64 pwrite64 creat64 open64 rpcmod rpcsys zone autofs autofssys
  getcwd so_socket so_socketpair bind listen accept connect shutdown recv recvfrom recvmsg send sendmsg sendto
  getpeername getsockname getsockopt setsockopt sockconfig ntp_gettime ntp_adjtime lwp_mutex_unlock
  lwp_mutex_trylock lwp_mutex_register cladm uucopy umount2 openat openat64 fstatat fstatat64 fchownat
  unlinkat renameat linkat symlinkat readlinkat mkdirat mknodat fchmodat faccessat futimesat utimesys
  utimensat nfssys msgget shmget semget upanic getrandom pipe2 accept4 exit fork sync sigreturn loadable indir
  lwp_private syscall
`
  .trim()
  .split(/\s+/);
