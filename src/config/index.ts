/**
 * The whole configuration: the core's settings and those of each feature (`src/features/<name>/config.ts`) in one schema.
 * `config/default.json`, `config/schema.json` and `docs/configuration.md` are generated from it (`npm run generate`).
 */
import type { Static } from 'typebox'
import * as abuse from '../features/abuse/config.ts'
import * as accounts from '../features/accounts/config.ts'
import * as addresses from '../features/addresses/config.ts'
import * as apps from '../features/apps/config.ts'
import * as audit from '../features/audit/config.ts'
import * as backends from '../features/backends/config.ts'
import * as businesses from '../features/businesses/config.ts'
import * as captcha from '../features/captcha/config.ts'
import * as changeLog from '../features/change-log/config.ts'
import * as consents from '../features/consents/config.ts'
import * as devices from '../features/devices/config.ts'
import * as events from '../features/events/config.ts'
import * as exported from '../features/exports/config.ts'
import * as friends from '../features/friends/config.ts'
import * as hello from '../features/hello/config.ts'
import * as history from '../features/history/config.ts'
import * as holds from '../features/holds/config.ts'
import * as keyExchange from '../features/key-exchange/config.ts'
import * as oauth from '../features/oauth/config.ts'
import * as outbox from '../features/outbox/config.ts'
import * as passwords from '../features/passwords/config.ts'
import * as reauth from '../features/reauth/config.ts'
import * as roles from '../features/roles/config.ts'
import * as settings from '../features/settings/config.ts'
import * as signedTickets from '../features/signed-tickets/config.ts'
import * as standing from '../features/standing/config.ts'
import * as tickets from '../features/tickets/config.ts'
import * as userOps from '../features/user-ops/config.ts'
import * as users from '../features/users/config.ts'
import * as verification from '../features/verification/config.ts'
import * as webCodes from '../features/web-codes/config.ts'
import * as webhooks from '../features/webhooks/config.ts'
import * as words from '../features/words/config.ts'
import * as core from './core.ts'
import { section, sectionOf } from './fields.ts'

export const ConfigSchema = section({
  server: sectionOf(core.server, accounts.server, backends.server, outbox.server),
  security: sectionOf(core.security, keyExchange.security),
  transport: section(core.transport),
  database: sectionOf(core.database, {
    tables: sectionOf(
      apps.tables,
      abuse.tables,
      accounts.tables,
      users.tables,
      addresses.tables,
      tickets.tables,
      audit.tables,
      events.tables,
      exported.tables,
      businesses.tables,
      changeLog.tables,
      settings.tables,
      words.tables,
      outbox.tables,
      verification.tables,
      oauth.tables,
      consents.tables,
      standing.tables,
      roles.tables,
      friends.tables,
      holds.tables,
      webhooks.tables,
      core.tables,
    ),
  }),
  store: section(core.store),
  limits: sectionOf(
    hello.limits,
    userOps.limits,
    keyExchange.limits,
    apps.limits,
    accounts.limits,
    users.limits,
    addresses.limits,
    oauth.limits,
    exported.limits,
    tickets.limits,
    captcha.limits,
    passwords.limits,
    verification.limits,
    words.limits,
    backends.limits,
    webCodes.limits,
    consents.limits,
    devices.limits,
    events.limits,
    friends.limits,
    reauth.limits,
    signedTickets.limits,
    standing.limits,
    history.limits,
    abuse.limits,
  ),
  provisioning: section(apps.provisioning),
  accounts: section(accounts.accounts),
  names: section(users.names),
  users: section(users.users),
  addresses: section(addresses.addresses),
  password: sectionOf(accounts.password, passwords.password),
  tickets: sectionOf(tickets.tickets, signedTickets.tickets),
  backends: section(backends.backends),
  devices: section(devices.devices),
  audit: section(audit.audit),
  roles: roles.roles,
  standing: section(standing.standing),
  events: section(events.events),
  exports: section(exported.exports),
  friends: section(friends.friends),
  captcha: section(captcha.captcha),
  words: section(words.words),
  outbox: section(outbox.outbox),
  webhooks: section(webhooks.webhooks),
  codes: section(verification.codes),
  mail: sectionOf(outbox.mail, verification.mail),
  sms: sectionOf(outbox.sms, verification.sms),
  outgoing: section(core.outgoing),
  providers: oauth.providers,
  metrics: section(core.metrics),
  log: section(core.log),
  languages: core.languages,
})

export type Config = Static<typeof ConfigSchema>
export type DatabaseConfig = Config['database']
export type DatabaseHost = DatabaseConfig['write'][number]
export type ProviderRow = Config['providers'][string]
export type StoreConfig = Config['store']

/** The embedded engines: the SQLite file, and the store in this process. */
export const isEmbedded = (config: Config) =>
  config.database.write.length === 0 && config.store.url === '' && config.store.clusterNodes.length === 0

export const isTrial = (config: Config) =>
  config.server.trial === 'auto' ? isEmbedded(config) : config.server.trial
