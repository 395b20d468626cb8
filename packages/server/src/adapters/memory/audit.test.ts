import { describe } from 'vitest';
import { testAuditStore } from '../../../test/suites/audit-store.ts';
import { memoryAudit } from './audit.ts';

describe('the audit log in memory', () =>
  testAuditStore(async () => {
    const store = memoryAudit();
    return { store, reopened: async () => store };
  }));
