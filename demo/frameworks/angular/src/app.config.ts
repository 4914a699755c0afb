import { provideHttpClient, withFetch, withInterceptors } from '@angular/common/http'
import { inject, type ApplicationConfig } from '@angular/core'
import { provideRouter, Router, withHashLocation, type Routes } from '@angular/router'
import { provideSession, sessionGuard, sessionInterceptor } from 'sojourn/angular'
import { session } from '../../shared/session'
import { Account } from './account'
import { SignIn } from './sign-in'

const signedIn = sessionGuard(() => inject(Router).parseUrl('/sign-in'))

const routes: Routes = [
  { path: 'account', component: Account, canActivate: [signedIn] },
  { path: 'sign-in', component: SignIn },
  { path: '**', redirectTo: 'account' },
]

export const appConfig: ApplicationConfig = {
  providers: [
    provideSession(session),
    provideHttpClient(withFetch(), withInterceptors([sessionInterceptor()])),
    // With a server that answers every path with this page, use paths. The demo's server does not.
    provideRouter(routes, withHashLocation()),
  ],
}
