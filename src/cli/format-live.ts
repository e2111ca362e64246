import type { NumberEvent, NumberService, SingleNumberDetails } from '../dashboard/single-number.js';
import { formatMinute } from '../format.js';
import { type Answer, type LiveComparison, type LiveNumber, nameAccount } from '../timeline/live.js';
import { formatDuration, formatTable } from './format.js';

/** What the API says about a number, and how it differs from the ledger. */
export interface LiveResult extends LiveComparison {
  live: LiveNumber;
  /** The accounts of the configuration. What other accounts do with a number is other customers' data, and isn't shown. */
  own: ReadonlySet<string>;
}

/** @param width columns of the terminal; undefined: as wide as it takes */
export function liveToText(number: string, result: LiveResult, width: number | undefined): string {
  const { live, events, differences } = result;
  const parts = [
    formatTable([number, `Bandwidth API, ${formatMinute(live.readAt)}`], describeLive(result), { width }),
    ...(events.length === 0 ? [] : [formatEvents(result, width)]),
  ];
  if (differences.length > 0) parts.push(['Differences:', ...differences.map((each) => `  ${each}`)].join('\n'));
  else if (live.details.state !== 'refused') parts.push('The ledger and the API agree.');
  return parts.join('\n\n');
}

function describeLive({ live, own }: LiveResult): string[][] {
  const { details, history, reservation } = live;
  const rows: string[][] =
    details.state === 'found' ? describeDetails(details.value, own) : [['details', describeAnswer(details)]];
  if (history.state !== 'found') rows.push(['history', describeAnswer(history)]);
  if (reservation.state === 'found') {
    const { accountId, expiresIn } = reservation.value;
    const ends = expiresIn === undefined ? '' : `, for another ${formatDuration(expiresIn)}`;
    rows.push(['reservation', `held for ${nameAccount(accountId, own)}${ends}`]);
  } else rows.push(['reservation', reservation.state === 'unknown' ? 'none' : describeAnswer(reservation)]);
  return rows;
}

function describeAnswer(answer: Exclude<Answer<unknown>, { state: 'found' }>): string {
  return answer.state === 'unknown' ? "the API doesn't know the number" : answer.reason;
}

function describeDetails(details: SingleNumberDetails, own: ReadonlySet<string>): string[][] {
  const place = [details.rateCenter, details.city === details.rateCenter ? undefined : details.city, details.state];
  const rows: [string, string | undefined][] = [
    ['status', details.status ?? 'unknown'],
    ...describeService(details, own),
    ...details.hosted.flatMap((service) =>
      describeService(service, own).map(([title, text]) => [`hosted: ${title}`, text] as [string, string | undefined]),
    ),
    ['rate center', [...place, details.lata && `LATA ${details.lata}`].filter(Boolean).join(', ') || undefined],
    ['country', [details.country, details.tnType].filter(Boolean).join(', ') || undefined],
    [
      'carrier',
      [details.vendorName ?? details.vendorId, details.onNetVendor === 'false' && 'off net']
        .filter(Boolean)
        .join(', ') || undefined,
    ],
    ['in service', details.inServiceDate && `since ${minuteOf(details.inServiceDate)}`],
    ['last change', details.lastModified && minuteOf(details.lastModified)],
    [
      'features',
      Object.entries(details.features)
        .map(([name, outcome]) => `${titles[name] ?? name} ${outcome}`)
        .join(', ') || undefined,
    ],
    ['not shown', details.other.join(', ') || undefined],
  ];
  return rows.flatMap(([title, text]) => (text ? [[title, text]] : []));
}

const titles: Readonly<Record<string, string>> = { Lidb: 'LIDB', Dlda: 'directory listing (DLDA)' };

/** Of another customer's account, only that it is one. */
function describeService(
  service: NumberService,
  own: ReadonlySet<string>,
): [title: string, text: string | undefined][] {
  const { accountId, site, sipPeer, serviceTypes, attributes, messaging } = service;
  const account: [string, string] = ['account', nameAccount(accountId, own).replace(/^account /, '')];
  const ofNumber: [string, string | undefined] = ['attributes', attributes.join(', ') || undefined];
  if (accountId === undefined || !own.has(accountId)) return [account, ofNumber];
  const named = (of: { id: string | undefined; name: string | undefined } | undefined) =>
    of && (of.name ? `${of.name}${of.id ? ` (${of.id})` : ''}` : of.id);
  return [
    account,
    ['sub-account', named(site)],
    ['location', named(sipPeer)],
    ['services', serviceTypes.join(', ') || undefined],
    ofNumber,
    [
      'messaging',
      Object.entries(messaging)
        .map((each) => each.join(' '))
        .join(', ') || undefined,
    ],
  ];
}

const minuteOf = (date: string) => formatMinute(new Date(date));

function formatEvents({ events, own }: LiveResult, width: number | undefined): string {
  const rows = events.map((event) => [
    event.at === undefined ? '' : minuteOf(event.at),
    nameAccount(event.accountId, own).replace(/^account /, ''),
    event.status ?? '',
    [event.orderType, event.orderStatus].filter(Boolean).join(' '),
    isOwn(event, own) ? [event.orderId, event.userId && `user ${event.userId}`].filter(Boolean).join(', ') : '',
    event.inLedger === null ? '' : event.inLedger ? 'yes' : 'no',
  ]);
  return formatTable(['history', 'account', 'status', 'order type', 'order', 'in the ledger'], rows, { width });
}

const isOwn = ({ accountId }: NumberEvent, own: ReadonlySet<string>) => accountId !== undefined && own.has(accountId);

export function liveToJson({ live, events, differences, own }: LiveResult): Record<string, unknown> {
  const accountOf = (id: string | undefined) => ({
    account_id: id !== undefined && own.has(id) ? id : null,
    other_account: id !== undefined && !own.has(id),
  });
  const service = (each: NumberService) => ({
    ...accountOf(each.accountId),
    attributes: each.attributes,
    ...(each.accountId !== undefined &&
      own.has(each.accountId) && {
        site: each.site ?? null,
        sip_peer: each.sipPeer ?? null,
        service_types: each.serviceTypes,
        messaging: each.messaging,
      }),
  });
  const answer = <T>(given: Answer<T>, toJson: (value: T) => object) =>
    given.state === 'found' ? { state: given.state, ...toJson(given.value) } : given;
  return {
    read_at: live.readAt,
    asked_as: live.account,
    details: answer(live.details, (value) => ({
      status: value.status ?? null,
      ...service(value),
      hosted: value.hosted.map(service),
      city: value.city ?? null,
      state_code: value.state ?? null,
      rate_center: value.rateCenter ?? null,
      lata: value.lata ?? null,
      tier: value.tier ?? null,
      vendor_id: value.vendorId ?? null,
      vendor_name: value.vendorName ?? null,
      on_net_vendor: value.onNetVendor ?? null,
      country: value.country ?? null,
      tn_type: value.tnType ?? null,
      in_service_date: value.inServiceDate ?? null,
      last_modified: value.lastModified ?? null,
      features: value.features,
      not_shown: value.other,
    })),
    history: answer(live.history, () => ({
      events: events.map((event) => ({
        at: event.at ?? null,
        ...accountOf(event.accountId),
        status: event.status ?? null,
        order_type: event.orderType ?? null,
        order_status: event.orderStatus ?? null,
        order_date: event.orderCreateDate ?? null,
        order_id: isOwn(event, own) ? (event.orderId ?? null) : null,
        user_id: isOwn(event, own) ? (event.userId ?? null) : null,
        in_ledger: event.inLedger,
        not_shown: event.other,
      })),
    })),
    reservation: answer(live.reservation, (value) => ({
      ...accountOf(value.accountId),
      reservation_id: value.accountId !== undefined && own.has(value.accountId) ? (value.reservationId ?? null) : null,
      expires_in_seconds: value.expiresIn ?? null,
    })),
    differences,
  };
}
