/*
 * What can be asked, of all nodes and of one customer's. In: which catalogues online nodes have. Out: each merged into one, when
 * it is next asked for.
 */
import { MergedCatalogue, type Catalogue, type Described } from './catalogue';
import type { Customers } from './customers';
import type { Standings } from './standings';

interface MergedOptions {
  readonly standings: () => Pick<Standings, 'catalogues'>;
  readonly customers: () => Customers;
}

export class MergedCatalogues {
  /** Undefined: somebody left or changed, to be made anew when next asked for. */
  private allOrStale: MergedCatalogue | undefined;
  /** The same of nodes that belong to one customer, those of the operator's file that have asked; gone with any change. */
  private readonly ofCustomers = new Map<string, MergedCatalogue>();
  private readonly o: MergedOptions;

  constructor(options: MergedOptions) {
    this.o = options;
  }

  get all(): MergedCatalogue {
    return (this.allOrStale ??= new MergedCatalogue(this.described(), this.nodesWith));
  }

  /** Empty for a customer to whom nothing belongs. */
  of(customer: string | undefined): Catalogue {
    if (customer === undefined) return this.all;
    const owner = this.o.customers().get(customer);
    if (owner === undefined) return new MergedCatalogue([]);
    const known = this.ofCustomers.get(customer);
    if (known !== undefined) return known;
    const own = new MergedCatalogue(this.described(owner.ownsNode), this.nodesWith);
    this.ofCustomers.set(customer, own);
    return own;
  }

  /** Nodes came, left or changed hands. */
  nodesChanged(): void {
    this.ofCustomers.clear();
  }

  /** `came`: the one that is new; undefined: one is gone. */
  changed(came: string | undefined): void {
    const catalogue = came === undefined ? undefined : this.o.standings().catalogues.get(came);
    this.ofCustomers.clear();
    if (came !== undefined && catalogue !== undefined) this.allOrStale?.add([came, catalogue]);
    else this.allOrStale = undefined; // half a fleet may leave in one tick: one new catalogue, not hundreds
  }

  /** Nodes whose words disagree with others': one of each kind by name, and how many there are. */
  get conflicts(): { readonly node: string; readonly nodes: number; readonly problems: readonly string[] }[] {
    return this.all.conflicts.map(({ digest, problems }) => {
      const holders = this.o.standings().catalogues.holders(digest);
      const [first] = holders;
      return { node: first?.host ?? '', nodes: holders.size, problems };
    });
  }

  private readonly nodesWith = (digest: string): number => this.o.standings().catalogues.holders(digest).size;

  /** Catalogues of nodes that are online. */
  private described(ownsNode: (host: string) => boolean = () => true): Described[] {
    const found: Described[] = [];
    for (const [digest, catalogue, holders] of this.o.standings().catalogues.known()) {
      for (const { host } of holders) {
        if (!ownsNode(host)) continue;
        found.push([digest, catalogue]);
        break;
      }
    }
    return found;
  }
}
