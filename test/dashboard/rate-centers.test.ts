import test from 'ava';
import { parseListPage } from '../../src/dashboard/list-page.js';
import { coveredRateCenters } from '../../src/dashboard/resources/covered-rate-centers.js';

// As in the reference's example, with an end tag that has no start tag; with every element that `embed` may add.
const example = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?> <CoveredRateCenters> <TotalCount>18</TotalCount> <Links>
<first>Link=&lt;https://api.inetwork.com:443/v1.0/coveredRateCenters?npa=919&amp;size=10&amp;embed=Cities&amp;page=1&gt;;rel="first";</first>
<next>Link=&lt;https://api.inetwork.com:443/v1.0/coveredRateCenters?npa=919&amp;size=10&amp;embed=Cities&amp;page=5&gt;;rel="next";</next> </Links>
<CoveredRateCenter> <Name>CHAPEL HILL</Name> <Abbreviation>CHAPELHILL</Abbreviation> <State>NC</State> <Lata>426</Lata>
<AvailableNumberCount>25</AvailableNumberCount> <LimitedAvailableNumberCount>20</LimitedAvailableNumberCount>
<ZipCodes> <ZipCode>27514</ZipCode> <ZipCode>27516</ZipCode> </ZipCodes> <Cities> <City>CARRBORO</City> </Cities> </Vendors>
<Tiers> <Tier>0</Tier> </Tiers> <NpaNxxXs> <NpaNxxX>9195550</NpaNxxX> </NpaNxxXs> <Id>3538</Id>
<LocalRateCenters> <RateCenterId>4421</RateCenterId> <RateCenterId>4422</RateCenterId> </LocalRateCenters> </CoveredRateCenter> </CoveredRateCenters>`;

test("the reference's example is read without loss, with its stray end tag and with a whole element", (t) => {
  for (const vendors of ['</Vendors>', '<Vendors><Vendor><Id>49</Id></Vendor></Vendors>']) {
    const { items } = parseListPage(example.replace('</Vendors>', vendors), coveredRateCenters.list);
    t.deepEqual(
      items.map(({ values }) => values),
      [['3538', 'CHAPEL HILL', 'CHAPELHILL', 'NC', '426']],
    );
    const { Vendors, ...extra } = { ...items[0]?.extra };
    t.is(Vendors === undefined, vendors === '</Vendors>');
    t.deepEqual(JSON.parse(JSON.stringify(extra)), {
      AvailableNumberCount: '25',
      LimitedAvailableNumberCount: '20',
      ZipCodes: { ZipCode: ['27514', '27516'] },
      Cities: { City: 'CARRBORO' },
      Tiers: { Tier: '0' },
      NpaNxxXs: { NpaNxxX: '9195550' },
      LocalRateCenters: { RateCenterId: ['4421', '4422'] },
    });
  }
});
