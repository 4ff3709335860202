/*
 * The remote address of a TCP connection on illumos, in D: from the socket address that a system call was given.
 * In: a kept {address}, a pointer of the program. Out: D text for descriptions of module tcp.
 */
import type { D, DField } from './language/clause';

const INET = '((struct sockaddr_in *)copyin({address}, sizeof (struct sockaddr_in)))';
const INET6 = '((struct sockaddr_in6 *)copyin({address}, sizeof (struct sockaddr_in6)))';
const FAMILY = '*(uint16_t *)copyin({address}, 2)';
/** sys/socket.h */
const AF_INET = 2;
const AF_INET6 = 26;

/** Programs may omit the address: such connections cannot be distinguished. */
export const isInternet: D = `{address} != NULL && (${FAMILY} == ${AF_INET} || ${FAMILY} == ${AF_INET6})`;

export const raddr: D = `${FAMILY} == ${AF_INET} ? inet_ntoa(&${INET}->sin_addr.S_un.S_addr) : inet_ntoa6(&${INET6}->sin6_addr)`;

/** Both kinds of address have the port in the same place. */
export const rport: DField = { integer: `ntohs(${INET}->sin_port)` };
