import { createSession, memoryTokens } from 'sojourn'
import { companionCookie } from 'sojourn/companion'
import { oauth } from 'sojourn/oauth'
import { lease } from 'sojourn/lease'
import { customServer } from 'sojourn/server'
import { aesGcm, idbTokens } from 'sojourn/tokens/idb'
import { webStorageTokens } from 'sojourn/tokens/web-storage'
import { installHarness } from './harness.js'

installHarness({
  createSession,
  memoryTokens,
  oauth,
  companionCookie,
  customServer,
  idbTokens,
  aesGcm,
  lease,
  webStorageTokens,
})
