/*
 * `make certs`: OUT is the folder, SERVERS certificates of servers (name=alternative,alternative), CLIENTS users of the broker.
 */
import { messageOf } from '../../common/service/errors';
import { Authority } from './authority';

function main([folder = '', servers = '', clients = '']: readonly string[]): void {
  const authority = new Authority(folder);
  const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');
  console.log(`${authority.caFile}  the authority: give it to all that connect`);
  for (const word of words(servers)) {
    const [name = '', list = ''] = word.split('=');
    const names = [name, ...list.split(',').filter((one) => one !== '')];
    const { certFile, keyFile } = authority.issue({ name, names });
    console.log(`${certFile}, ${keyFile}  server ${names.join(', ')}`);
  }
  for (const name of words(clients)) {
    const { certFile, keyFile } = authority.issue({ name });
    console.log(`${certFile}, ${keyFile}  user ${name} of the broker`);
  }
}

try {
  main(process.argv.slice(2));
} catch (error) {
  console.error(messageOf(error));
  process.exit(1);
}
