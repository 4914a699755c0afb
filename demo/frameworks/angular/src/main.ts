import { bootstrapApplication } from '@angular/platform-browser'
import { finishSignIn } from '../../shared/session'
import { App } from './app'
import { appConfig } from './app.config'

await finishSignIn()

await bootstrapApplication(App, appConfig)
