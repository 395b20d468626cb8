/** What the domain knows, as the admin API says it. */
import { type Attempt, type Deferral, isOpen, standingOf } from '../../domain/attempt.ts';
import type { Project, Release } from '../../domain/catalogue.ts';
import type { Considered } from '../../domain/choose.ts';
import type { StoredEvent } from '../../domain/event.ts';
import type { Explanation } from '../../domain/explain.ts';
import type { Principal } from '../../domain/principal.ts';
import { propose } from '../../domain/proposal.ts';
import { ringOf } from '../../domain/trust.ts';
import type { AuditListing } from '../../ports/audit.ts';
import type { Group } from '../../ports/groups.ts';
import type { Token } from '../../ports/tokens.ts';
import type { User } from '../../ports/users.ts';
import type { DeviceRecord, Page, StoredLogEntry } from '../../ports.ts';
import type { BulkPart } from '../../usecases/bulk.ts';
import type { Said, TableOutcome } from '../../usecases/device-tables.ts';
import type { KnownDevice, Published } from '../../usecases/operator.ts';
import type { Upload } from '../../usecases/uploads.ts';
import type { ApiAudit, ApiMe, ApiUser } from './account-api.ts';
import type {
  ApiDevice,
  ApiDeviceListing,
  ApiEvent,
  ApiLogEntry,
  ApiPage,
  ApiProfile,
  ApiProject,
  ApiPublished,
  ApiRecord,
  ApiRelease,
  ApiToken,
  ApiUpload,
} from './api.ts';
import type { ApiBulk, ApiGroup, ApiTableOutcome } from './device-api.ts';
import type { ApiConsidered, ApiExplanation } from './explain-api.ts';
import type { ApiDeferral, ApiLastAttempt } from './rollout-api.ts';

type Optional<T> = { [Key in keyof T as undefined extends T[Key] ? Key : never]?: Exclude<T[Key], undefined> };
type Required<T> = { [Key in keyof T as undefined extends T[Key] ? never : Key]: T[Key] };

/** What is known of it: parts that are `undefined` are left out. */
export function known<T extends object>(value: T): Required<T> & Optional<T> {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as Required<T> &
    Optional<T>;
}

export function iso(at: number): string {
  return new Date(at).toISOString();
}

export function isoIf(at: number | undefined): string | undefined {
  return at === undefined ? undefined : iso(at);
}

export function pageView<T, V>({ items, cursor }: Page<T>, view: (item: T) => V): ApiPage<V> {
  return known({ items: items.map(view), cursor });
}

export function projectView(project: Project): ApiProject {
  const { keyRings: _, createdAt, ...rest } = project;
  return { ...rest, keyRing: ringOf(project)?.serial ?? null, createdAt: iso(createdAt) };
}

export function releaseView(release: Release): ApiRelease {
  const { createdAt, publishedAt, withdrawnAt } = release;
  return known({
    ...release,
    createdAt: iso(createdAt),
    publishedAt: isoIf(publishedAt),
    withdrawnAt: isoIf(withdrawnAt),
  });
}

export function publishedView({ release, isNew, warnings }: Published): ApiPublished {
  return { release: releaseView(release), isNew, warnings };
}

export function uploadView({ id, fileName, size, offset, sha256, expiresAt, taken }: Upload): ApiUpload {
  return known({
    id,
    fileName,
    size,
    offset,
    state: taken === undefined ? ('open' as const) : ('complete' as const),
    sha256: taken?.sha256 ?? sha256,
    inspection: taken?.inspection,
    proposal: taken && known(propose(taken.inspection, fileName === '' ? undefined : fileName)),
    expiresAt: iso(expiresAt),
  });
}

function recordView(record: DeviceRecord): ApiRecord {
  const { firmwareName, idKind, version, firstSeenAt, lastSeenAt, asked, rule, sent, deliveries, attempt } = record;
  return known({
    firmwareName,
    idKind,
    version,
    firstSeenAt: iso(firstSeenAt),
    lastSeenAt: iso(lastSeenAt),
    asked,
    rule,
    sent: sent && { ...sent, at: iso(sent.at) },
    deliveries: deliveries && { ...deliveries, since: iso(deliveries.since) },
    attempt: attempt && lastAttemptView(attempt),
    keyRing: record.keyRing || undefined,
  });
}

export function lastAttemptView(attempt: Attempt): ApiLastAttempt {
  const { release, from, to, rollout, wave, state, failures, code, detail, deferral } = attempt;
  return known({
    release,
    from,
    to,
    rollout,
    wave: rollout === undefined ? undefined : wave + 1,
    state,
    standing: standingOf(attempt),
    failures,
    offeredAt: iso(attempt.offeredAt),
    changedAt: iso(attempt.changedAt),
    code,
    detail,
    deferral: deferral && deferralView(deferral),
  });
}

function deferralView({ until, reason }: Deferral): ApiDeferral {
  return known({ until: isoIf(until), reason });
}

function profileView({ access, profile: { labels, note, pin } }: Said): ApiProfile {
  return known({ access, labels, note: note === '' ? undefined : note, pin });
}

export function groupView(group: Group): ApiGroup {
  const { note, createdAt, changedAt } = group;
  const times = { createdAt: iso(createdAt), changedAt: iso(changedAt) };
  return known({ ...group, note: note === '' ? undefined : note, ...times });
}

export function bulkView(
  { done, failed, cursor }: BulkPart,
  found: { readonly devices: number; readonly sample?: readonly KnownDevice[] } | undefined,
): ApiBulk {
  return known({
    devices: found?.devices,
    sample: found?.sample?.map(listingView),
    done,
    failed: failed.map(({ id, error: { code, message } }) => ({ id, code, message })),
    cursor,
  });
}

export function tableView(outcome: TableOutcome, sha256: string, dryRun: boolean): ApiTableOutcome {
  const { lines, devices, changed, added, unknown, sample } = outcome;
  const changes = sample.map(({ line, id, isNew, before, after }) => ({
    line,
    id,
    isNew,
    before: profileView(before),
    after: profileView(after),
  }));
  return { dryRun, sha256, lines, devices, changed, added, unknown, sample: changes };
}

export function listingView(device: KnownDevice): ApiDeviceListing {
  const { project, id, record } = device;
  return known({ project, id, ...profileView(device), record: record && recordView(record) });
}

/** The listings of one device as one. */
export function deviceView(project: string, id: string, listings: readonly KnownDevice[]): ApiDevice {
  const records = listings.flatMap(({ record }) => (record === undefined ? [] : [recordView(record)]));
  const [first] = listings;
  return { project, id, ...(first === undefined ? { access: 'default', labels: [] } : profileView(first)), records };
}

export function logEntryView(entry: StoredLogEntry): ApiLogEntry {
  const { id, at, event, device, code, rule, release, releaseVersion, bytes, detail } = entry;
  const { project, firmwareName, id: deviceId, version } = device;
  return known({
    id,
    at: iso(at),
    event,
    project,
    firmwareName,
    deviceId,
    version,
    code,
    rule,
    release,
    releaseVersion,
    bytes,
    detail,
  });
}

export function explanationView(explanation: Explanation): ApiExplanation {
  const { question, circumstances, decision, steps, considered, hints } = explanation;
  const attempt = circumstances.known?.attempt;
  const { answer, rule, choice } = decision;
  const spoken = choice?.chosen ?? considered[0];
  const common = {
    question: known(question),
    answer,
    rule,
    rollout: spoken?.gate?.rollout.id,
    wave: spoken && waveOf(spoken),
    steps,
    considered: considered.map(consideredView),
    hints,
    deferral: attempt?.deferral && isOpen(attempt) ? deferralView(attempt.deferral) : undefined,
  };
  if (decision.answer === 'refused') {
    const { code, msg, retryAfterS } = decision;
    return known({ ...common, code, msg, retryAfterS });
  }
  const { sha256, size, source } = decision.package;
  return known({ ...common, code: 0, release: releaseView(decision.release), package: { sha256, size, source } });
}

function consideredView(considered: Considered): ApiConsidered {
  const { release, gate, against } = considered;
  const { id, version } = release;
  return known({ release: id, version, rollout: gate?.rollout.id, wave: waveOf(considered), against });
}

/** Counted as people do. */
function waveOf({ wave }: Considered): number | undefined {
  return wave === undefined ? undefined : wave + 1;
}

export function eventView({ id, at, type, project, data }: StoredEvent): ApiEvent {
  return known({ id, at: iso(at), type, project, data: known(data) });
}

export function tokenView({ id, name, role, projects, createdAt, expiresAt, lastUsedAt }: Token): ApiToken {
  const times = { createdAt: iso(createdAt), expiresAt: isoIf(expiresAt), lastUsedAt: isoIf(lastUsedAt) };
  return known({ id, name, role, projects, ...times });
}

export function auditView({ entry, ended }: AuditListing): ApiAudit {
  const { id, at, kind, by, name, role, from, request, action, project, target, details = {}, count = 1 } = entry;
  return known({
    id,
    at,
    isRefused: kind === 'refused',
    by,
    name,
    role,
    from,
    request,
    action,
    project,
    target,
    details: Object.entries(details).map(([name, value]) => ({
      name,
      value: typeof value === 'string' ? value : JSON.stringify(value),
    })),
    code: entry.code ?? ended?.code,
    endedAt: ended?.at,
    made: ended?.made,
    count,
  });
}

export function userView({ id, name, role, projects, isDisabled, createdAt, passwordAt }: User): ApiUser {
  return { id, name, role, projects, isDisabled, createdAt: iso(createdAt), passwordAt: iso(passwordAt) };
}

export function meView({ kind, id, name, role, projects }: Principal, expiresAt: number | undefined): ApiMe {
  return known({ kind, id, name, role, projects, expiresAt: isoIf(expiresAt) });
}
