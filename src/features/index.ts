/** Every feature, in the order of needs: the one place where features meet. A need that is missing does not compile. */
import type { Recover } from '../adapters/store/index.ts'
import { bans, limits, reservedLimitKeys } from './abuse/feature.ts'
import { accountAdmin, accounts, tellDisabled } from './accounts/feature.ts'
import { addressChanges, addresses } from './addresses/feature.ts'
import { apps, deviceAdmin, devices } from './apps/feature.ts'
import { audit } from './audit/feature.ts'
import { backends } from './backends/feature.ts'
import { businesses } from './businesses/feature.ts'
import { captcha } from './captcha/feature.ts'
import { changeLog, findChangedSubjects } from './change-log/feature.ts'
import { consentChanges, consents, findConsentGate } from './consents/feature.ts'
import { deviceSlots, userDevices } from './devices/feature.ts'
import { eventAdmin, events } from './events/feature.ts'
import { exportAdmin, userExports } from './exports/feature.ts'
import { type AdminWorld, createHouse, type House, type World } from './feature.ts'
import { friendLists, friends, relations } from './friends/feature.ts'
import { hello } from './hello/feature.ts'
import { userHistory } from './history/feature.ts'
import { holds } from './holds/feature.ts'
import { keyExchange } from './key-exchange/feature.ts'
import { identities, oauth } from './oauth/feature.ts'
import { outbox, outboxAdmin } from './outbox/feature.ts'
import { passwordAdmin, passwordQuality, passwords } from './passwords/feature.ts'
import { reauth } from './reauth/feature.ts'
import { roles } from './roles/feature.ts'
import { settings } from './settings/feature.ts'
import { signedTickets } from './signed-tickets/feature.ts'
import { disabling, disablingByTicket, standing } from './standing/feature.ts'
import { createRecover, loginEnds, reservedTicketKeys, tickets } from './tickets/feature.ts'
import { trial } from './trial/feature.ts'
import { userOps } from './user-ops/feature.ts'
import { profiles, users } from './users/feature.ts'
import { reservedCodeKeys, verification } from './verification/feature.ts'
import { webCodes } from './web-codes/feature.ts'
import { webhookAdmin, webhooks } from './webhooks/feature.ts'
import { wordAdmin, words } from './words/feature.ts'

export { checkKeyRings, checkPins, checkWrites, openPasswordCosts } from './settings/feature.ts'

/** What works on the database alone: all that the command line needs. */
export const addAdmin = (house: House<AdminWorld>) => {
  const { increment, moveCostPin, readCosts } = house.add(settings, {})
  const { record: recordAudit, findBefore: findEventsBefore } = house.add(audit, {})
  const changes = house.add(changeLog, { increment })
  const recorders = { recordAudit, recordChange: changes.record }
  const webhook = house.add(webhookAdmin, recorders)
  const { recordEvent } = house.add(eventAdmin, webhook)
  const ends = house.add(loginEnds, { recordEvent })
  const { endAll: endLogins, endLogin } = ends
  const stands = house.add(standing, {})
  const hold = house.add(holds, {})
  const address = house.add(addresses, { holds: hold })
  const user = house.add(users, { holds: hold })
  const identity = house.add(identities, {})
  const slots = house.add(deviceSlots, {})
  const relation = house.add(relations, {})
  const consent = house.add(consents, {})
  house.add(exportAdmin, {})
  const { openQuality } = house.add(passwordAdmin, {})
  const messages = house.add(outboxAdmin, recorders)
  const account = house.add(accountAdmin, {
    endLogins,
    endLogin,
    slots,
    addresses: address,
    identities: identity,
    users: user,
    holds: hold,
    personal: house.collected.personal,
    recordEvent,
    openQuality,
    openOutbox: messages.openAdd,
    moveCostPin,
    readCosts,
    ...recorders,
  })
  return {
    changeLog: changes,
    bans: house.add(bans, recorders),
    apps: house.add(apps, { consents: consent, users: user, webhooks: webhook, ...recorders }),
    devices: house.add(deviceAdmin, recorders),
    businesses: house.add(businesses, recorders),
    standing: stands,
    addresses: address,
    slots,
    relations: relation,
    consents: consent,
    accounts: account,
    roles: house.add(roles, { lockAccounts: account.lockAccounts, recordAudit }),
    disabling: house.add(disabling, {
      accounts: account,
      addresses: address,
      openOutbox: messages.openAdd,
      recordAudit,
      recordEvent,
    }),
    identities: identity,
    users: user,
    holds: hold,
    /** What all features hold of users. */
    personal: house.collected.personal,
    words: house.add(wordAdmin, recorders),
    outbox: messages,
    webhooks: webhook,
    recorders,
    findEventsBefore,
    loginEnds: ends,
    recordEvent,
  }
}

export const openAdmin = (world: AdminWorld) => addAdmin(createHouse(world))

/** Beginnings of the keys that a full store still has room for: without them it would forget limits and ends of logins. */
export const reservedKeys = [...reservedLimitKeys, ...reservedTicketKeys, ...reservedCodeKeys]

/** Brings a store up to date that has lost its latest writes. A store is opened with it, before the features. */
export const openRecover = (world: Pick<World, 'config' | 'db' | 'crypto' | 'createBatch'>): Recover =>
  createRecover(world, {
    findChanged: findChangedSubjects,
    findConsentGate,
    tellDisabled,
  })

/** A running server: what http asks its features, and what they declare. */
export const openFeatures = (world: World) => {
  const house = createHouse(world)
  const admin = addAdmin(house)
  const { recordAudit, recordChange } = admin.recorders
  const { recordEvent, findEventsBefore } = admin
  const { find: findApp } = admin.apps
  const { raiseEpoch, lockAccount, checkActive, markUsed, isHeldUp } = admin.accounts
  const rateLimits = house.add(limits, {})
  house.add(webhooks, { ...admin.webhooks, catchUp: admin.changeLog.poll })
  const device = house.add(devices, { apps: admin.apps, recordChange })
  const keys = house.add(keyExchange, { findApp, raiseMinStrength: device.raiseMinStrength })
  const { sign } = house.add(signedTickets, {})
  const ticket = house.add(tickets, {
    ends: admin.loginEnds,
    recordAudit,
    recordChange,
    raiseEpoch,
    markUsed,
    isHeldUp,
    lockAccount,
    checkActive,
    tellDisabled,
    checkRole: admin.roles.check,
    slots: admin.slots,
    prolongKey: keys.prolong,
    noteLogin: device.noteLogin,
    businesses: admin.businesses,
    apps: admin.apps,
    consents: admin.consents,
    sign,
  })
  house.add(events, { tickets: ticket })
  const { checkText } = house.add(words, {})
  house.add(consentChanges, { apps: admin.apps, tickets: ticket, ...admin.recorders })
  house.add(backends, { ...admin, tickets: ticket })
  const captchas = house.add(captcha, {})
  const messages = house.add(outbox, { findAppName: admin.apps.findName })
  const codes = house.add(verification, {
    captcha: captchas,
    outbox: messages,
    addresses: admin.addresses,
    checkRateLimit: rateLimits.check,
  })
  const quality = house.add(passwordQuality, {})
  const account = house.add(accounts, {
    logins: ticket,
    keys,
    captcha: captchas,
    passEach: rateLimits.passEach,
    quality,
    addresses: admin.addresses,
    outbox: messages,
    identities: admin.identities,
    users: admin.users,
    consents: admin.consents,
    codes,
    recordAudit,
    recordEvent,
  })
  const { credentials, addressLogins, nameLogin } = account
  house.add(profiles, {
    users: admin.users,
    nameLogin,
    addresses: admin.addresses,
    relations: admin.relations,
    standing: admin.standing,
    roles: admin.roles,
    checkText,
    recordAudit,
    recordEvent,
  })
  house.add(disablingByTicket, {
    accounts: admin.accounts,
    roles: admin.roles,
    tickets: ticket,
    outbox: messages,
    ...admin.disabling,
  })
  house.add(webCodes, { findApp, tickets: ticket })
  house.add(addressChanges, {
    addresses: admin.addresses,
    holds: admin.holds,
    addressLogins,
    codes,
    credentials,
    tickets: ticket,
    outbox: messages,
    identities: admin.identities,
    recordAudit,
    recordEvent,
  })
  house.add(oauth, {
    ...account,
    apps: admin.apps,
    keys,
    addresses: admin.addresses,
    tickets: ticket,
    outbox: messages,
    checkText,
    recordAudit,
    recordEvent,
  })
  house.add(passwords, { credentials, keys, quality, addresses: admin.addresses, codes, findApp })
  house.add(reauth, { credentials, tickets: ticket, addresses: admin.addresses, codes })
  house.add(userDevices, {
    tickets: ticket,
    addresses: admin.addresses,
    outbox: messages,
    findAppName: admin.apps.findName,
  })
  house.add(userHistory, {
    tickets: ticket,
    findEventsBefore,
    accounts: admin.accounts,
    findAppName: admin.apps.findName,
  })
  const { openDemo } = house.add(trial, { apps: admin.apps })
  house.add(friends, { standing: admin.standing, recordEvent: admin.recordEvent })
  house.add(friendLists, { relations: admin.relations, users: admin.users, apps: admin.apps })
  house.add(userOps, {})
  house.add(userExports, { personal: admin.personal })
  house.add(hello, { keys, tickets: ticket, noteDevice: device.noteHello })
  return {
    admin,
    checkBan: admin.bans.check,
    checkRateLimit: rateLimits.check,
    apps: admin.apps,
    openTotp: device.open,
    openSealed: keys.openSealed,
    tickets: ticket,
    openDemo,
    checkText,
    declared: house.collected,
  }
}
