import { limit, table, text } from '../../config/fields.ts'

export const tables = { addresses: table('addresses'), addressChanges: table('address_changes') }

export const limits = { address: limit(60, 10) }

export const addresses = {
  defaultRegion: text(
    '',
    'Country (CN, AU) of phone numbers that are typed without a country code; empty: those are refused',
    { pattern: '^$|^[A-Z]{2}$' },
  ),
  refusedDomainsFile: text(
    '',
    'File of domains, one a line, whose e-mail addresses cannot be registered, such as disposable ones',
  ),
}
