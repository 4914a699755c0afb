import { bootstrapApplication } from '@angular/platform-browser'
import { session } from '../../shared/session'
import { finishSignIn } from '../../shared/sign-in'
import { App } from './app'
import { appConfig } from './app.config'

const tokens = await finishSignIn()
if (tokens) await session.signIn(tokens)

await bootstrapApplication(App, appConfig)
