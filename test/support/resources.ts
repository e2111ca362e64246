import { orderDescriptions } from '../../src/dashboard/registry.js';
import type { OrderDescription } from '../../src/dashboard/resource.js';
import { disconnects } from '../../src/dashboard/resources/disconnects.js';
import { importTnOrders as imports } from '../../src/dashboard/resources/import-tn-orders.js';
import { inserviceNumbers as inService } from '../../src/dashboard/resources/inservice-numbers.js';
import { numberAssignments } from '../../src/dashboard/resources/number-assignments.js';
import { numberDetails as details } from '../../src/dashboard/resources/number-details.js';
import { orders } from '../../src/dashboard/resources/orders.js';
import { portins } from '../../src/dashboard/resources/portins.js';
import { portouts as outs } from '../../src/dashboard/resources/portouts.js';
import { removeImportedTnOrders } from '../../src/dashboard/resources/remove-imported-tn-orders.js';
import type { WindowListing } from '../../src/sync/windows/listing.js';
import { orderListings } from '../../src/sync/windows/order-listing.js';

// The parts of descriptions that tests work with.

export const orderDetailResources = orderDescriptions.map((description) => description.details);
export const orderDetails = orders.details;
export const disconnectDetails = disconnects.details;
export const portinDetails = portins.details;
export const portoutDetails = outs.details;
export const assignmentDetails = numberAssignments.details;
export const importDetails = imports.details;
export const removeImportedDetails = removeImportedTnOrders.details;

export const inserviceNumbers = inService.list;
export const numberDetails = details.list;
export const portouts = outs.list;
export const importTnOrders = imports.list;

const listings = (description: OrderDescription) => orderListings(description) as [WindowListing, WindowListing];
export const [ordersListing] = listings(orders);
export const [portinsListing, portinDraftsListing] = listings(portins);
export const [portoutsListing] = listings(outs);
export const [numberAssignmentsListing] = listings(numberAssignments);
export const [importsListing] = listings(imports);
export const [removalsListing] = listings(removeImportedTnOrders);
