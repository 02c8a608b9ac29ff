// A client as a mobile app has it: it pins the server's key, keeps device and tickets, resumes its login at each start
// and tells "logged out" from "no network". Run it twice: the second start needs no password.
//
//   TORII_URL=… TORII_APPID=… TORII_APPSECRET=… TORII_SERVER_KEY=… node mobile.mjs kept.json amber "correct horse"
//
// In React Native import react-native-get-random-values first, and keep the texts in the system's keychain
// (expo-secure-store or react-native-keychain) instead of in a file.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { createClient, isFailure } from '@torii/client'

const { TORII_URL: url, TORII_APPID: appId, TORII_APPSECRET: appSecret, TORII_SERVER_KEY: key } = process.env
const [file, login, password] = process.argv.slice(2)

/** Any store of texts will do that replaces a text in one step. */
const createFileStorage = async (file) => {
  const kept = JSON.parse(await readFile(file, 'utf8').catch(() => '{}'))
  let last = Promise.resolve()
  const save = () => {
    last = last.then(async () => {
      await writeFile(`${file}.new`, JSON.stringify(kept), { mode: 0o600 })
      await rename(`${file}.new`, file)
    })
    return last
  }
  return {
    get: async (name) => kept[name],
    set: async (name, text) => save(Object.assign(kept, { [name]: text })),
    remove: async (name) => save(delete kept[name]),
  }
}

const client = createClient({
  url,
  appId,
  appSecret,
  storage: await createFileStorage(file),
  serverKeys: [key],
  device: { type: 'phone', os: 'Android 15', device: 'Pixel 9' },
  language: 'en',
})

try {
  await client.exchangeKeys() // keeps a key that is there; from now on every call is sealed, with TLS or without
  const { user } = await client.resume().catch((error) => {
    if (!isFailure(error, 'NOT_LOGGED_IN')) throw error
    console.log('asking for the password')
    return client.login({ login, password })
  })
  console.log('hello', user.userName)
} catch (error) {
  // Without an answer the login may well be good: show what is kept, and try again later.
  console.log(isFailure(error, 'UNREACHABLE') ? 'no network' : `${error.name}: ${error.message}`)
  process.exitCode = 1
}
