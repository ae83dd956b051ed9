// Evaluates JSONata expressions with the reference implementation, all of them in one process.
// Input, as JSON: [{expression, bindings}]. Output: for each {value}, {} for an undefined result, or {error} with its code.
import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'

const require = createRequire(`${process.argv[2]}/`) // the folder of global packages, whose versions are pinned
const jsonata = require('jsonata')

async function evaluate({ expression, bindings }) {
  try {
    const parsed = jsonata(expression)
    parsed.registerFunction('parse', JSON.parse) // Step Functions adds this function and `hash`
    parsed.registerFunction('hash', (text, algorithm) => createHash(algorithm).update(text).digest('hex'))
    return { value: await parsed.evaluate(undefined, bindings) }
  } catch (error) {
    return { error: error.code ?? String(error) }
  }
}

const cases = JSON.parse(readFileSync(0, 'utf8'))
process.stdout.write(JSON.stringify(await Promise.all(cases.map(evaluate))))
