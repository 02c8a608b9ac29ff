/** Whether the login providers answer, and take our ids and secrets. */
import type { Config } from '../../src/config/index.ts'
import { openConfigured } from '../provider/open.ts'
import { broken, type Finding, ok } from './finding.ts'

export const checkProviders = async (config: Config): Promise<Finding[]> => {
  const providers = [...openConfigured(config)]
  const findings = providers.map(async ([name, { driver, problem }]): Promise<Finding> => {
    const subject = `provider ${name}`
    const known = problem()
    const result = known === '' ? await driver.test() : ({ ok: false, reason: known } as const)
    if (result.ok) return ok(subject, 'answers, and does not refuse the client id and secret')
    return broken(subject, result.reason, 'no user can log in by it until this is corrected; all else works')
  })
  return Promise.all(findings)
}
