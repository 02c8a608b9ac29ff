import t from 'tap'
import { isOrigin } from '../../src/protocol/origins.ts'

t.test('an origin is what a browser sends, byte by byte', async (t) => {
  for (const text of [
    'https://app.example.com',
    'http://localhost:3000',
    'capacitor://localhost',
    'ionic://localhost',
    'tauri://localhost',
    'chrome-extension://abcdefghijklmnop',
  ])
    t.ok(isOrigin(text), text)
  for (const text of [
    'https://*.example.com',
    '*',
    'null',
    'https://app.example.com/',
    'https://app.example.com/path',
    'HTTPS://app.example.com',
    'https://app.example.com:443',
    'app.example.com',
    'capacitor://',
    'ftp://a.example',
    'wss://a.example',
    'capacitor://localhost/',
    '',
  ])
    t.notOk(isOrigin(text), text)
})
