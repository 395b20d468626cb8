/** The shapes of version counts. */
import { type TUnsafe, Type } from 'typebox';
import type { ApiVersionHistory } from './api.ts';
import { closed, shape, text, time } from './shape.ts';

const numbers = (description: string) => Type.Array(Type.Integer({ minimum: 0 }), { description });

export const versionHistorySchema: TUnsafe<ApiVersionHistory> = shape<ApiVersionHistory>()(
  'VersionHistory',
  Type.Object(
    {
      stepHours: Type.Integer({
        minimum: 1,
        description: 'of so many hours each the last one that was counted is told',
      }),
      hours: Type.Array(time('the beginning of the hour'), {
        description: 'when it was counted; hours in which no server ran are left out',
      }),
      series: Type.Array(
        Type.Object(
          {
            firmwareName: text('what devices send as firmware_name'),
            version: text('what devices tell; *: all versions together that too few have to be told apart'),
            devices: numbers('how many had it, at each of the hours'),
            seen: numbers('those of them that asked within the day before'),
          },
          closed,
        ),
        { description: 'by firmware and version' },
      ),
    },
    closed,
  ),
);
