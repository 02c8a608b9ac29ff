import { flag, limit } from '../../config/fields.ts'

export const limits = {
  keyExchange: limit(60, 60),
  serverKeys: limit(60, 60),
}

export const security = {
  weakSuites: flag(true, 'Offer twofish128 to clients that ask for it; logins on its keys live for a day'),
}
