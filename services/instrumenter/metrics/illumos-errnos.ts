/* Numbers and names of errors on illumos. In: nothing. Out: Names, for descriptions. */
import { ILLUMOS_ERRNOS } from '../../../common/model/names/illumos';
import { parseTable } from '../../../common/model/names/syscalls';
import { tableOfNames } from './language/names';

export const ILLUMOS_ERRNO_NAMES = tableOfNames(parseTable(ILLUMOS_ERRNOS));
