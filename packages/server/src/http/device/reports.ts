import { asciiJson, parseReport, parseReportTarget, REPORT_BYTES } from '@libfota2/protocol';
import type { ReportAnswer, Reports } from '../../usecases/reports.ts';
import { type Answer, jsonAnswer, refusal } from '../answers.ts';
import type { DeviceRoute } from './routes.ts';

const STATUS: Readonly<Record<number, number>> = { 3: 400, 17: 403, 25: 403 };

/** Where devices report by the plain contract: `POST /d/{project_key}/{firmware_name}/report` (docs/protocol.md §11.3). */
export function reportRoute(reports: Reports): DeviceRoute {
  return {
    answer(target, request, body) {
      const asked = parseReportTarget(target);
      if (asked === undefined) return undefined;
      if (request.method !== 'POST') return onlyPost();
      if (body === undefined) return refusal(413, 413, `a report has at most ${REPORT_BYTES} bytes`);
      const report = parseReport(new TextDecoder().decode(body));
      if (typeof report === 'string') return refusal(400, 400, report);
      return reports.take(asked, report).then(answerOf);
    },
    keeps: (target) => (parseReportTarget(target) === undefined ? 0 : REPORT_BYTES),
  };
}

function onlyPost(): Answer {
  const answer = refusal(405, 405, 'a report is posted');
  return { ...answer, headers: { ...answer.headers, Allow: 'POST' } };
}

function answerOf(taken: ReportAnswer): Answer {
  if (taken.answer === 'taken') return jsonAnswer(200, asciiJson({ code: 0 }));
  return refusal(STATUS[taken.code] ?? 403, taken.code, taken.msg);
}
