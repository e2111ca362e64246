import type { SandboxClock } from '../clock.js';
import { defaultReportBehavior, type ReportBehavior, type SandboxInstance, type SandboxReports } from './behavior.js';

export interface InstanceState extends SandboxInstance {
  reads: number;
  /** The content of the file when the instance was requested. */
  readonly content: string;
}

/** The instances of reports and the behavior of the resources. */
export interface InstanceStore {
  behavior: ReportBehavior;
  instances: InstanceState[];
  open(instance: Omit<InstanceState, 'id' | 'reads' | 'requestedAt'>): InstanceState;
  find(account: string, reportId: string, id: string): InstanceState | undefined;
  isReady(instance: InstanceState): boolean;
  testInterface: SandboxReports;
}

const firstId = 100_090;

export function createInstanceStore(clock: SandboxClock): InstanceStore {
  const behavior = defaultReportBehavior();
  const instances: InstanceState[] = [];
  let opened = 0;
  const forget = (id: string) => {
    const at = instances.findIndex((instance) => instance.id === id);
    if (at !== -1) instances.splice(at, 1);
  };
  return {
    behavior,
    instances,
    open(instance) {
      const state = { ...instance, id: String(firstId + opened), requestedAt: clock.now(), reads: 0 };
      opened += 1;
      instances.push(state);
      return state;
    },
    find: (account, reportId, id) =>
      instances.find((each) => each.id === id && each.reportId === reportId && each.account === account),
    isReady({ reads, requestedAt }) {
      const { pace } = behavior;
      return 'reads' in pace ? reads >= pace.reads : clock.now().getTime() - requestedAt.getTime() >= pace.ms;
    },
    // Tests modify the behavior object itself.
    testInterface: Object.assign(behavior, { instances, forget }),
  };
}
