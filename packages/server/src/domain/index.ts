/**
 * What decides upgrades, for those who let it decide in a world of their own, as the simulator does: no clock, no stores, no
 * sockets. Whoever runs it tells it the time, keeps what it says of each device, and does what a rollout does next.
 */
export { type Attempt, advance, isOpen, type Standing, standingOf } from './attempt.ts';
export type { Project, Release, ReleasePackage } from './catalogue.ts';
export { type Decision, decide, type Moment, type Refused, type Rule, type Upgrade } from './decide.ts';
export type { Access, Circumstances, Device, Known } from './device.ts';
export { FotaServerError } from './errors.ts';
export { createTally, type Forecast, forecaster, forecastOf, type RolloutForecast, waveTimes } from './forecast.ts';
export { isNewTo, memberTest } from './members.ts';
export { createMeter, type Meter } from './meter.ts';
export { gateOf, type Plan, type Policy, planOf } from './plan.ts';
export { createPlanning, type Planning } from './planning.ts';
export { NO_PROFILE, type Pin, type Profile } from './profile.ts';
export {
  afterAsking,
  afterPromise,
  afterQuestion,
  afterSending,
  type Dealings,
  keptDeliveries,
  silentAt,
} from './progress.ts';
export { NO_LIMITS, type Rollout, type RolloutSpec, type WaveCounts, type Window } from './rollout.ts';
export { ROLLOUT_DEFAULTS, type RolloutRequest, specOf } from './rollout-spec.ts';
export {
  aborted,
  badOf,
  type Changed,
  dependsOnOutlook,
  dueAt,
  NO_COUNTS,
  nextStep,
  type Outlook,
  paused,
  type RolloutChange,
  resumed,
  skipped,
} from './rollout-steps.ts';
export { createStandings, type Standings } from './standings.ts';
export { targetTest } from './target.ts';
export { type Opening, openingOf } from './windows.ts';
