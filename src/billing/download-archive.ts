import { join } from 'node:path';
import { downloadReport, type ReportCall, type ReportStatus } from '../dashboard/billing-reports.js';
import { type DownloadOptions, downloadFile } from '../dashboard/download-file.js';
import type { BillingJobOptions } from '../run/job.js';
import { isZip } from '../unpack.js';
import { maxArchiveBytes } from './archive.js';
import { sha256Of } from './downloads.js';
import type { ArchiveFacts } from './reports.js';

/**
 * Downloads a report's archive.
 *
 * @throws the errors of `downloadFile`
 */
export async function downloadArchive(
  call: ReportCall,
  reportId: string,
  {
    limits,
    ...options
  }: Pick<DownloadOptions, 'folder' | 'file' | 'onProgress'> & {
    limits: BillingJobOptions['download'];
  },
): Promise<{ kind: 'archive'; archive: ArchiveFacts } | ReportStatus> {
  const answer = await downloadFile((receiver) => downloadReport(call, reportId, receiver), {
    ...options,
    limits,
    noun: 'archive',
    isFile: isZip,
    maxBytes: limits.bytes ?? maxArchiveBytes,
    tooLargeHint: 'Request shorter date ranges with tn-ledger billing --from DATE --to DATE.',
  });
  if (answer.kind !== 'file') return answer;
  const { folder, file } = options;
  return { kind: 'archive', archive: { file, bytes: answer.bytes, sha256: await sha256Of(join(folder, file)) } };
}
