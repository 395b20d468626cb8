/** The upgrade server: decides which device gets which release, and serves it. */
export type { Package, Project, Release } from './domain/catalogue.ts';
export { type Decision, type Device, decide, type Refused, type Rule, type Upgrade } from './domain/decide.ts';
export { FotaServerError, SERVER_ERRORS, type ServerErrorCode } from './domain/errors.ts';
export { type Plan, planOf } from './domain/plan.ts';
export type { Limits } from './http/listener.ts';
export { type FotaServer, type PublishOptions, startServer } from './main.ts';
export type { ServerOptions } from './options.ts';
export type { CheckIn } from './ports.ts';
