import type { DashboardClient } from './client.js';
import { serverTime } from './server-clock.js';
import { parseXml, textAt, XmlError } from './xml.js';

export interface AccountInfo {
  companyName: string | undefined;
  /** The API's clock when it answered; undefined where the answer carried no date. */
  serverTime: Date | undefined;
}

/** Reads the account itself: the cheapest request that tells whether the credentials reach it. */
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
