/** Domain names: their form on the wire, and lists of them in files. */
import { readFileSync } from 'node:fs'
import { domainToASCII } from 'node:url'
import { StartError } from './start-error.ts'

/** A-labels in lower case, by UTS 46; empty for what cannot be one. Labels and lengths are not judged. */
export const toAsciiDomain = (domain: string): string => domainToASCII(domain)

/** One domain a line; what stands behind `#` is a note. `setting` names the file to an administrator. */
export const readDomainList = (file: string, setting: string): ReadonlySet<string> => {
  if (file === '') return new Set()
  try {
    const lines = readFileSync(file, 'utf8').split('\n')
    const domains = lines.map((line) => toAsciiDomain(line.replace(/#.*/, '').trim()))
    return new Set(domains.filter((domain) => domain !== ''))
  } catch (error) {
    const { message } = error as Error
    throw new StartError(`${setting}: ${file} cannot be read: ${message}`)
  }
}
