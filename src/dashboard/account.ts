import type { DashboardClient } from './client.js';
import { serverTime } from './server-clock.js';
import { parseXml, textAt, XmlError } from './xml.js';

export interface AccountInfo {
  companyName: string | undefined;
  /** The API's clock at the time of the response; undefined if the response has no date. */
  serverTime: Date | undefined;
}

/** Reads the account resource: the cheapest request that shows whether the credentials can access the account. */
export function readAccount(client: DashboardClient, account: string): Promise<AccountInfo> {
  return client.get({
    account,
    path: `/accounts/${encodeURIComponent(account)}`,
    parse: ({ text, headers }) => {
      const document = parseXml(text);
      const id = textAt(document, 'AccountResponse.Account.AccountId');
      if (id !== account) throw new XmlError(`expected account ${account}, got ${JSON.stringify(id)}`);
      const time = serverTime(headers);
      return {
        companyName: textAt(document, 'AccountResponse.Account.CompanyName') || undefined,
        serverTime: time === undefined ? undefined : new Date(time),
      };
    },
  });
}
