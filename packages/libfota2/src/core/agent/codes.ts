/** What may go wrong with an agent, beside the codes of the library; docs/errors.md says what to do. */
export const AGENT_CODES = [
  'unwell',
  'rolled-back',
  'superseded',
  'restart-failed',
  'place-failed',
  'consent-failed',
  'version-unknown',
] as const;
export type AgentCode = (typeof AGENT_CODES)[number];
