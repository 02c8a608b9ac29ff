import { limit, listOf, section, table, text, whole } from '../../config/fields.ts'
import { Type } from '../../protocol/schema.ts'

export const tables = { codeFlows: table('code_flows'), smsDays: table('sms_days') }

export const limits = {
  code: limit(60, 10),
  verify: limit(60, 30),
  codesSent: limit(3_600, 100),
}

export const codes = {
  lifeSeconds: whole(600, 60, 3_600, 'How long a code works'),
  resendSeconds: whole(60, 1, 3_600, 'Between two codes to an address that one network asks for'),
  tries: whole(5, 1, 20, 'Codes that are judged in one flow; another code does not begin anew'),
  perHour: whole(5, 1, 1_000, 'Codes to an address in an hour that one network asks for'),
  perDay: whole(10, 1, 1_000, 'Codes to an address in a day that one network asks for'),
  perHourOfAll: whole(
    20,
    1,
    1_000,
    'Codes to an address in an hour, from all networks but devices that its account knows',
  ),
  perDayOfAll: whole(
    40,
    1,
    1_000,
    'Codes to an address in a day, from all networks but devices that its account knows',
  ),
  perDayOfApp: whole(20_000, 1, 100_000_000, 'Codes that an app sends in a day (UTC)'),
}

export const mail = {
  links: listOf(
    section({
      app: text('', 'App id; empty: all other apps'),
      to: text('', 'Where a click leads, with #flow=…&code=… behind it; empty: the page shows the code', {
        pattern: '^$|^[a-z][a-z0-9+.-]*:[^\\s#]+$',
      }),
    }),
    'Mails with a code also have a link, to a page that asks for a click; empty: no links',
  ),
}

/** Where nothing is listed, these: the countries that most users come from, none that is known for fraud. */
const usualCountries = ['CN', 'HK', 'MO', 'TW', 'SG', 'JP', 'KR', 'US', 'CA', 'GB', 'AU', 'NZ', 'DE', 'FR']

export const sms = {
  countries: Type.Array(Type.String({ pattern: '^[A-Z]{2}$' }), {
    default: usualCountries,
    description: 'Countries whose phone numbers get codes; others are refused with 2020205',
  }),
  perDay: whole(
    500,
    0,
    100_000_000,
    'Codes by SMS to each country in a day (UTC); the last fifth is for devices that the account knows',
  ),
}
