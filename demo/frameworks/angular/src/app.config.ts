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
    // Any path will do where the server answers each with this page; the demo's does not.
    provideRouter(routes, withHashLocation()),
  ],
}
