import type { Clock } from '../clock.ts';
import type { BudgetAccounts } from '../lane/budgets.ts';
import type {
  CallReports,
  LaneControl,
  LaneRegistry,
  LaneWatch,
  Leadership,
  QueueDirectory,
  Quotas,
  Settings,
} from '../lane/ports.ts';
import type { Log } from '../log.ts';
import type { BundleLeases } from '../request/bundle-lease.ts';
import type { BundleOffers } from '../request/bundle-offers.ts';
import type { Backlog, Due, HoldQueue, Records } from '../request/ports.ts';
import type { Results } from '../request/result.ts';

export interface PrioritizationPorts {
  leadership: Leadership;
  watch: Pick<LaneWatch, 'status'>;
  registry: LaneRegistry;
  directory: QueueDirectory;
  reports: CallReports;
  settings: Settings;
  budgets: BudgetAccounts;
  control: LaneControl;
  quotas: Quotas;
  records: Records;
  backlog: Backlog;
  due: Due;
  leases: BundleLeases;
  offers: Pick<BundleOffers, 'make' | 'stands' | 'take'>;
  results: Results;
  hold: HoldQueue;
  clock: Clock;
  log: Log;
  /** A request fails with so many transient errors. */
  maxAttempts: number;
  /** Writes a line in CloudWatch's embedded metric format. */
  emit(line: object): void;
}
