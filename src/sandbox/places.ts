/** A rate center with its city, state and LATA, and one of its NPA-NXX codes. */
export interface Place {
  npa: number;
  nxx: number;
  city: string;
  state: string;
  rateCenter: string;
  lata: string;
}

function place(npaNxx: number, city: string, state: string, rateCenter: string, lata: string): Place {
  return { npa: Math.floor(npaNxx / 1000), nxx: npaNxx % 1000, city, state, rateCenter, lata };
}

/** By area code. Accounts get these numbers only if a test asks for them. */
export const otherPlaces: ReadonlyMap<number, Place> = new Map(
  [
    place(416360, 'TORONTO', 'ON', 'TORONTO', '888'),
    place(441292, 'HAMILTON', 'BM', 'HAMILTON', '999'),
    place(787721, 'SAN JUAN', 'PR', 'SAN JUAN', '820'),
  ].map((each) => [each.npa, each]),
);

export const places: readonly Place[] = [
  place(919238, 'CARY', 'NC', 'CARY', '426'),
  place(919755, 'RALEIGH', 'NC', 'RALEIGH', '426'),
  place(919286, 'DURHAM', 'NC', 'DURHAM', '426'),
  place(704333, 'CHARLOTTE', 'NC', 'CHARLOTTE', '422'),
  place(336272, 'GREENSBORO', 'NC', 'GREENSBORO', '424'),
  place(828252, 'ASHEVILLE', 'NC', 'ASHEVILLE', '420'),
  place(804302, 'RICHMOND', 'VA', 'RICHMOND', '248'),
  place(757622, 'NORFOLK', 'VA', 'NRFOLKZON2', '252'),
  place(540342, 'ROANOKE', 'VA', 'ROANOKE', '244'),
  place(201898, 'JERSEY CITY', 'NJ', 'JERSEYCITY', '224'),
  place(201488, 'HACKENSACK', 'NJ', 'HACKENSACK', '224'),
  place(973622, 'NEWARK', 'NJ', 'NEWARK', '224'),
  place(212226, 'NEW YORK CITY ZONE 01', 'NY', 'NWYRCYZN01', '132'),
  place(716852, 'BUFFALO', 'NY', 'BUFFALO', '140'),
  place(518463, 'ALBANY', 'NY', 'ALBANY', '134'),
  place(215563, 'PHILADELPHIA', 'PA', 'PHLADLPHIA', '228'),
  place(412281, 'PITTSBURGH', 'PA', 'PITTSBURGH', '234'),
  place(317200, 'INDIANAPOLIS', 'IN', 'INDIANAPLS', '336'),
  place(216621, 'CLEVELAND', 'OH', 'CLEVELAND', '320'),
  place(614221, 'COLUMBUS', 'OH', 'COLUMBUS', '324'),
  place(513421, 'CINCINNATI', 'OH', 'CINCINNATI', '922'),
  place(313961, 'DETROIT', 'MI', 'DETROITZN1', '340'),
  place(616456, 'GRAND RAPIDS', 'MI', 'GRAND RPDS', '348'),
  place(312236, 'CHICAGO', 'IL', 'CHICAGOZ01', '358'),
  place(414271, 'MILWAUKEE', 'WI', 'MILWAUKEE', '356'),
  place(612332, 'MINNEAPOLIS', 'MN', 'TWINCITIES', '628'),
  place(515243, 'DES MOINES', 'IA', 'DES MOINES', '632'),
  place(314231, 'SAINT LOUIS', 'MO', 'SAINTLOUIS', '520'),
  place(816221, 'KANSAS CITY', 'MO', 'KANSASCITY', '524'),
  place(404521, 'ATLANTA', 'GA', 'ATLANTA', '438'),
  place(404373, 'DECATUR', 'GA', 'ATLANTA NE', '438'),
  place(912232, 'SAVANNAH', 'GA', 'SAVANNAH', '440'),
  place(305358, 'MIAMI', 'FL', 'MIAMI', '460'),
  place(305451, 'KEY LARGO', 'FL', 'KEY LARGO', '460'),
  place(407422, 'ORLANDO', 'FL', 'ORLANDO', '458'),
  place(904353, 'JACKSONVILLE', 'FL', 'JACKSNVLLE', '452'),
  place(813221, 'TAMPA', 'FL', 'TAMPACEN', '952'),
  place(615244, 'NASHVILLE', 'TN', 'NASHVILLE', '470'),
  place(901525, 'MEMPHIS', 'TN', 'MEMPHIS', '468'),
  place(502582, 'LOUISVILLE', 'KY', 'LOUISVILLE', '462'),
  place(504522, 'NEW ORLEANS', 'LA', 'NEWORLEANS', '490'),
  place(214651, 'DALLAS', 'TX', 'DALLAS', '552'),
  place(214350, 'GRAND PRAIRIE', 'TX', 'GRANDPRARI', '552'),
  place(713222, 'HOUSTON', 'TX', 'HOUSTON', '560'),
  place(512322, 'AUSTIN', 'TX', 'AUSTIN', '558'),
  place(210223, 'SAN ANTONIO', 'TX', 'SANANTONIO', '566'),
  place(303292, 'DENVER', 'CO', 'DENVER', '656'),
  place(719471, 'COLORADO SPRINGS', 'CO', 'COLRDOSPGS', '658'),
  place(602252, 'PHOENIX', 'AZ', 'PHOENIX', '666'),
  place(702382, 'LAS VEGAS', 'NV', 'LAS VEGAS', '721'),
  place(801322, 'SALT LAKE CITY', 'UT', 'SALTLAKECY', '660'),
  place(213622, 'LOS ANGELES', 'CA', 'LSANDA 01', '730'),
  place(415362, 'SAN FRANCISCO', 'CA', 'SNFC CNTRL', '722'),
  place(415454, 'SAN RAFAEL', 'CA', 'SAN RAFAEL', '722'),
  place(619232, 'SAN DIEGO', 'CA', 'SAN DIEGO', '732'),
  place(206622, 'SEATTLE', 'WA', 'SEATTLE', '674'),
  place(503222, 'PORTLAND', 'OR', 'PORTLAND', '672'),
  place(617227, 'BOSTON', 'MA', 'BOSTON', '128'),
];

/** Countries of the non-NANP numbers, from the last example of `/tns/{tn}/tndetails` in the Bandwidth API reference. */
export const countries = [
  { country: 'FR', tnType: 'geographic', prefix: 331_402, digits: 5 },
  { country: 'GB', tnType: 'geographic', prefix: 442_079_4, digits: 5 },
  { country: 'DE', tnType: 'national', prefix: 493_222, digits: 6 },
  { country: 'AU', tnType: 'geographic', prefix: 612_80, digits: 6 },
] as const;

export const tollFreeNpas: readonly number[] = [800, 833, 844, 855, 866, 877, 888];
