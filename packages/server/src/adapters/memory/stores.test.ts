import { describe } from 'vitest';
import { testAttemptStore } from '../../../test/suites/attempt-store.ts';
import { testCatalogueStore } from '../../../test/suites/catalogue-store.ts';
import { testDeviceStore } from '../../../test/suites/device-store.ts';
import { testEventStore } from '../../../test/suites/event-store.ts';
import { testGroupStore } from '../../../test/suites/group-store.ts';
import { testProfileStore } from '../../../test/suites/profile-store.ts';
import { testRolloutStore } from '../../../test/suites/rollout-store.ts';
import { releaseOf } from '../../../test/suites/samples.ts';
import { testVersionCountStore } from '../../../test/suites/version-count-store.ts';
import { testWebhookStore } from '../../../test/suites/webhook-store.ts';
import { memoryCatalogue } from './catalogue.ts';
import { memoryDevices } from './devices.ts';
import { memoryEvents } from './events.ts';
import { memoryGroups } from './groups.ts';
import { memoryProfiles } from './profiles.ts';
import { memoryRollouts } from './rollouts.ts';
import { memoryVersionCounts } from './version-counts.ts';
import { memoryWebhooks } from './webhooks.ts';

describe('projects and releases in memory', () =>
  testCatalogueStore(async () => {
    const store = memoryCatalogue();
    return { store, reopened: async () => store };
  }));

describe('devices and the log in memory', () =>
  testDeviceStore(async (logLimit) => {
    const store = memoryDevices(logLimit);
    return { store, reopened: async () => store };
  }));

describe('events in memory', () =>
  testEventStore(async (limit) => {
    const store = memoryEvents(limit);
    return { store, reopened: async () => store };
  }));

describe('what is said of devices in memory', () =>
  testProfileStore(async () => {
    const store = memoryProfiles();
    return { store, reopened: async () => store };
  }));

describe('attempts in memory', () =>
  testAttemptStore(async () => {
    const store = memoryDevices();
    return { store, reopened: async () => store };
  }));

describe('rollouts in memory', () =>
  testRolloutStore(async () => {
    const catalogue = memoryCatalogue();
    await catalogue.addRelease(releaseOf());
    const store = memoryRollouts((draft, at) => void catalogue.setState(draft, 'published', at));
    return { store, catalogue, reopened: async () => store };
  }));

describe('version counts in memory', () =>
  testVersionCountStore(async (hoursKept) => {
    const store = memoryVersionCounts(hoursKept);
    return { store, reopened: async () => store };
  }));

describe('webhooks in memory', () =>
  testWebhookStore(async () => {
    const store = memoryWebhooks();
    return { store, reopened: async () => store };
  }));

describe('groups in memory', () =>
  testGroupStore(async () => {
    const store = memoryGroups();
    return { store, reopened: async () => store };
  }));
