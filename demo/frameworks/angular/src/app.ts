import { Component, computed, effect, inject } from '@angular/core'
import { Router, RouterOutlet } from '@angular/router'
import { injectSession } from 'sojourn/angular'
import { Warning } from './warning'

@Component({
  selector: 'app-root',
  imports: [RouterOutlet, Warning],
  template: `
    <main>
      <h1>Sojourn with Angular</h1>
      <router-outlet />
      <app-warning />
    </main>
  `,
})
export class App {
  private readonly router = inject(Router)
  private readonly snapshot = injectSession()
  private readonly isSignedOut = computed(() => this.snapshot().phase === 'signedOut')

  constructor() {
    // The guard checks the session when the route is entered; this follows later changes, in this tab or another.
    effect(() => void this.router.navigateByUrl(this.isSignedOut() ? '/sign-in' : '/account'))
  }
}
