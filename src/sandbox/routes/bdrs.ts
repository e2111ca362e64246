import { type Answer, empty, xml } from '../answer.js';
import { accountOf, type Call, type Route } from '../route.js';
import { xmlDeclaration } from '../xml.js';
import { bodyOf, fileAnswer, locationOf, pathOf, rangeOf, reportOf, throwQueuedRefusal } from './billing-common.js';

const resource = 'bdrs';
const creationRoot = 'BdrCreationResponse';
const root = 'BdrRetrievalResponse';
const notFound = { code: '15001', description: 'BDR archive was not found' };

async function request(call: Call): Promise<Answer> {
  throwQueuedRefusal(call, 'request', creationRoot);
  const { from, to } = rangeOf(call, await bodyOf(call, 'Bdr'), creationRoot);
  const { id } = call.state.billing.open({ account: accountOf(call).id, type: 'BDR', from, to, resource });
  return {
    ...xml(infoXml('Your BDR archive is currently being constructed'), 202),
    headers: { Location: locationOf(call, pathOf(call, resource, id)) },
  };
}

function read(call: Call): Answer {
  throwQueuedRefusal(call, 'read', root);
  const report = reportOf(call, { resource, root, ...notFound });
  if (!call.state.billing.read(report)) {
    return xml(infoXml('The requested BDR archive is still being constructed, please check back later'));
  }
  return empty(303, { Location: locationOf(call, `${pathOf(call, resource, report.id)}/file`) });
}

function file(call: Call): Promise<Answer> {
  throwQueuedRefusal(call, 'file', root);
  return fileAnswer(call, reportOf(call, { resource, root, ...notFound }));
}

function infoXml(text: string): string {
  return `${xmlDeclaration}<BdrCreationResponse>
     <Info>${text}</Info>
</BdrCreationResponse>
`;
}

export function bdrRoutes(): Route[] {
  const path = `/accounts/:accountId/${resource}`;
  return [
    { method: 'POST', path, root: creationRoot, creates: true, answer: request },
    { method: 'GET', path: `${path}/:reportId`, root, answer: read },
    { method: 'GET', path: `${path}/:reportId/file`, root, answer: file },
  ];
}
